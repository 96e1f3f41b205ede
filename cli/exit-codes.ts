/** What the command line's exit code says; k6's own codes are passed on besides. */
export const EXIT = {
  ok: 0,
  /** weir itself failed: a bug, a full disk, no permission. */
  failure: 1,
  /** Bad command line or configuration: nothing was sent. */
  usage: 2,
  thresholds: 99,
  invalid: 110,
} as const;
