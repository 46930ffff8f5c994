"""What an operator can do and see: functions that return values. The command line shows them, and a web page can."""
