"""Karo: school fees by M-PESA in a chat. Verbs (services) and the doors people and machines come in by."""
