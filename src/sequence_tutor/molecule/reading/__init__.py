"""Files of molecules read, and training data made of them."""
