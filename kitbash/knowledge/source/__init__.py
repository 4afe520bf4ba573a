"""What a cartridge is built from: Markdown, CSV, JSON and plain text, each read by a module of its own."""
