"""The verbs: what Karo does with what is true (storage) and whom it asks (daraja)."""
