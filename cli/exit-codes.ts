/** Exit codes of the command line's own; those of a run are its verdict's. */
export const EXIT = {
  ok: 0,
  /** weir itself failed: a bug, a full disk, no permission. */
  failure: 1,
  /** Bad command line or configuration: nothing was sent. */
  usage: 2,
} as const;
