"""What several mdmds share through Redis or Valkey, and what takes its place where there is only one."""
