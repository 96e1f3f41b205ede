/**
 * The declarative part of a dialect: JSON-able data that says where in a frame the text is, what
 * ends a stream and what an error looks like. Two interpreters read it, and shared vectors
 * (test/vectors/rules.json) and generated frames (test/conformance) hold them equal: Go in
 * extension/ and TypeScript in collect.ts.
 *
 * A frame is one SSE event, one NDJSON line or one WebSocket text message: `{event, data}`. For each frame,
 * in this order:
 * 1. `counts.events` rises; the first frame sets the mark `firstEvent`.
 * 2. Matches with `data` only compare the raw text. A frame that one of them hits is never
 *    parsed, and step 6 does not apply to it.
 * 3. Otherwise, unless every content path is the empty path, the data must be one JSON value, nested
 *    at most 64 deep: else the frame is `malformed`, counted, and says nothing more.
 * 4. An `error` match makes the stream an in-band failure (the first one is kept). The frame counts
 *    as `other`: it is neither content nor end, but step 6 applies to it.
 * 5. Content: the first path, in the order answer, reasoning, tool, that holds a non-empty string
 *    makes the frame a content frame of that kind; any other frame counts as `other`, one that
 *    a literal `data` match hit as well. Of equal keys in an object the last counts.
 * 6. `finish` and `usage` keep the last value seen, `traceId` the first.
 * 7. Each `end` match is remembered; when all have been seen the stream is complete at this frame's
 *    arrival. What comes later is `afterEnd` and changes nothing.
 *
 * After an in-band error the drivers go on reading for at most `drainMs`; that is `afterEnd` too.
 */
export interface StreamRules {
  readonly framing: 'sse' | 'ndjson' | 'message';
  readonly answer: readonly Path[];
  readonly reasoning?: readonly Path[];
  readonly tool?: readonly Path[];
  /**
   * `cumulative`: each frame repeats the text so far; a text is content only where it differs from
   * the last one of its kind, so that an unchanged answer lets reasoning or tool count.
   */
  readonly delta: 'incremental' | 'cumulative';
  /** ALL must have been seen for "complete". Never empty. */
  readonly end: readonly Match[];
  /** ANY makes the stream an in-band failure. */
  readonly error: readonly Match[];
  /** First path with a string or a number. Also read from the body of a refused request. */
  readonly errorCode?: readonly Path[];
  readonly errorMessage?: readonly Path[];
  readonly finish?: readonly Path[];
  readonly traceId?: readonly Path[];
  readonly usage?: UsagePaths;
  /**
   * Frame number sent by the server: gaps, repeats and disorder are counted. A number that comes late
   * was not missing after all.
   */
  readonly sequence?: Path;
}

export interface UsagePaths {
  readonly answerTokens: Path;
  readonly reasoningTokens?: Path;
  readonly promptTokens?: Path;
}

/**
 * Keys and array indexes joined by dots; `*` is any element of an array (the first one for which the
 * question holds); `\` escapes a dot, a star or itself. The empty path is the frame's data as it
 * came, as text: for services that send plain text instead of JSON.
 */
export type Path = string;

/** All conditions that are given must hold. `is` goes with `path` and defaults to `present`. */
export interface Match {
  /** The SSE event name, exactly; a frame without one is named `message`. */
  readonly event?: string;
  /** The whole data, exactly. */
  readonly data?: string;
  readonly path?: Path;
  /**
   * `present`: there and not null. `truthy`: as JavaScript means it. `non-zero`: neither 0, "0", "",
   * null, false nor absent. A number and its decimal string are equal.
   */
  readonly is?:
    | 'present'
    | 'truthy'
    | 'non-zero'
    | { readonly equal: string | number | boolean }
    | { readonly oneOf: readonly (string | number)[] };
}

/** Deeper JSON is `malformed`: no chat API nests like that, hostile input does. */
export const MAX_JSON_DEPTH = 64;
