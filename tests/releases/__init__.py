"""The release before this one, and what it must still be able to do on the newest schema."""
