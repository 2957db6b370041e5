"""What runs in the emulator's own process: MiniStack, and what docs/emulator.md says is added to it."""
