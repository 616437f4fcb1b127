"""Reading files of molecules, and making training data of them."""
