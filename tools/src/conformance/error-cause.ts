/**
 * Whether two refusals have the same cause. They do when ours contains the compiler's words (place, operation, quotes, `@`,
 * blanks, case and final stop aside; ours often says more), or when the pair stands in the table of causes.
 * @param tool error line of the real tool, `FILE:LINE:COLUMN: error: ...`.
 */
export function sameCause(tool: string, ours: string): boolean {
  const words = causeWords(tool);
  if (words !== "" && plainWords(ours).includes(words)) return true;
  return namedCauses.some((cause) => cause.tool.test(tool) && cause.ours.test(ours));
}

/** A cause that both sides say in words of their own. */
interface NamedCause {
  readonly cause: string;
  readonly tool: RegExp;
  readonly ours: RegExp;
  /** Why the words differ. */
  readonly why: string;
}

/** Order has no meaning. */
export const namedCauses: readonly NamedCause[] = [
  {
    cause: "more BDs than the tile has",
    tool: /has more than \d+ blocks|exhausted available (BD|buffer descriptor) IDs/,
    ours: /exhausted available (BD|buffer descriptor) IDs/,
    why: "the tool counts the blocks of a DMA program where the allocator, which ours asks first, counts a channel's ids",
  },
  {
    cause: "a repeat count beyond what BDs and locks can hold",
    tool: /has more than \d+ blocks/,
    ours: /lock \S+ starts at \d+: expected at most 63/,
    why: "the same count asks for too many BDs and for too large a lock value; ours looks at the lock first",
  },
  {
    cause: "more locks than the tile has",
    tool: /not allocated a lock|attribute 'lockID' failed to satisfy constraint: .* minimum value is 0/,
    ours: /needs a lock, all \d+ are in use/,
    why: "the tool goes on with the id -1 and stumbles over it later",
  },
  {
    cause: "a block without terminator",
    tool: /block with no terminator/,
    ours: /block with no terminator/,
    why: "the tool prints the last operation in generic form",
  },
  {
    cause: "streams that no route can carry",
    tool: /Unable to find a legal routing|used up all (arbiter-msel combinations|its msels)|has no free msels/,
    ours: /^routing: .*more streams than it carries|expected a way through the stream switches/,
    why: "ours names the switch and the streams",
  },
  {
    cause: "two streams into one port",
    tool: /targets same dst as another connect op/,
    ours: /expected a port of its own, got one that .* uses|expected a free port, got one that an aie\.switchbox/,
    why: "the tool sees it in the connections it made, ours in the flows",
  },
  {
    cause: "a port that the tile does not have",
    tool: /(source|dest) bundle \w+ not supported|index \d+ for (source|dest) bundle/,
    ours: /expected the flow to enter the array|expected a (source|destination) port of/,
    why: "the tool sees it in the connections it made, ours in the flows",
  },
];

/** The tool's words: without place, the operation they are about, quotes and final stop. */
function causeWords(tool: string): string {
  const words = tool
    .replace(/^.*?\berror: /, "")
    .replace(/^custom op '[\w.]+' (?='[\w.]+' op )/, "")
    .replace(/^'[\w.]+' op /, "");
  return plainWords(words).replace(/\.+$/, "");
}

/** `memtile`, `MemTile` and `mem tile` are one word. */
function plainWords(text: string): string {
  return text.replace(/['"`@\s]/g, "").toLowerCase();
}
