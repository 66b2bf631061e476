"""The book of record: what is true of schools, children, payments and messages, and how it may change."""
