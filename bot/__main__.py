"""`python -m bot` is the same as `karo`."""

from bot.cli import main

main()
