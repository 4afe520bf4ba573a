"""Redis as working memory: keys, scripts, and the protocol the cascade sees."""
