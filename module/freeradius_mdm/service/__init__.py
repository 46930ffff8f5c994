"""mdmd, the service: asks MDM servers, is the only writer of the store, and reads the journal."""
