"""FreeRADIUS's configuration files as FreeRADIUS 3.2 reads them: lines, tree, includes. Nothing here writes them."""
