"""What the chunks of a site hold (docs/bundle.md). The viewer's types are generated from it."""
