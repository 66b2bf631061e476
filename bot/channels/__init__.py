"""Chat channels: each renders screens its own way and brings in what people do there."""
