"""What models can be asked to do: one module for each task, and the table of them."""
