"""How values are shown: times, durations, tables, colours. Nothing here knows where a value comes from."""
