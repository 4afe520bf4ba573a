"""Programs that show how Kitbash is used."""
