"""What an operator looks at: rows as values from the store, so that mdmd need not run. Tables and pages show them."""
