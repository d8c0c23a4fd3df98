import type { Diagnostic } from "../ir/diagnostic.ts";
import { type Operation, type Value, walk } from "../ir/operation.ts";
import { coordOf, type Device, opsNamed, placeText } from "./device-ops.ts";
import { type ChannelUse, channelKey, channelUses, type Start, setsUpTraces } from "./sequence-channels.ts";

/**
 * Transfers into host memory that nothing waits for: an NPU's run is over when its stream is, and the host may then read
 * what is not written yet, although on the simulator all came in time. Tasks of a channel run one behind the other and
 * each wait takes the oldest token, so a wait tells of all tasks up to the one whose token it takes, and of no later one.
 * Silent where a task may be waited for in another way: by a lock of the shim tile, or by a wait of another sequence.
 * Source: the controller takes tokens by channel, and a run ends with its stream (AIEDmaToNpu, XRT).
 */
export function warnOfUnawaitedOutputs(device: Device): Diagnostic[] {
  const uses = opsNamed(device, "aie.runtime_sequence").map((sequence) => followed(device, sequence));
  const traced = tracedChannels(device);
  return uses.flatMap(({ open }, i) =>
    [...open].flatMap(([channel, starts]) => {
      const isOthers = uses.some(({ ahead }, j) => i !== j && ahead.has(channel));
      return isOthers || traced.has(channel) || traced.has(anyChannel) ? [] : warnOf(starts);
    }),
  );
}

interface Followed {
  /** Outputs by channel that no wait tells of when the sequence ends, the oldest first. */
  readonly open: ReadonlyMap<string, readonly Start[]>;
  /** Channels on which the sequence waits for more tokens than its own tasks give. */
  readonly ahead: ReadonlySet<string>;
}

function followed(device: Device, sequence: Operation): Followed {
  const open = new Map<string, Start[]>();
  const ahead = new Set<string>();
  const uses: readonly ChannelUse[] = channelUses(device, sequence) ?? [];
  for (const use of uses) {
    const starts = open.get(use.channel) ?? [];
    open.set(use.channel, starts);
    if ("start" in use) {
      starts.push(use.start);
      continue;
    }
    const oldest = starts.findIndex(({ token }) => token);
    if (oldest < 0) ahead.add(use.channel);
    starts.splice(0, oldest + 1);
  }
  const isTraced = setsUpTraces(sequence);
  const outputs = (starts: readonly Start[]) =>
    starts.filter(({ argument, token }) => argument !== undefined && (token || !isTraced));
  return { open: new Map([...open].map(([channel, starts]) => [channel, outputs(starts)])), ahead };
}

function warnOf(starts: readonly Start[]): Diagnostic[] {
  const [first, ...later] = starts;
  if (first === undefined) return [];
  const names = [...new Set(starts.map(({ argument }) => `%${argument}`))].join(", ");
  const bds = [...new Set(starts.flatMap(({ bd }) => bd ?? []))];
  const by = [
    ...(bds.length > 0 ? [`BD ${bds.join(", ")}`] : []),
    `S2MM ${first.channelIndex} of tile ${placeText(first.place)}`,
    ...(first.allocation === undefined ? [] : [`@${first.allocation}`]),
  ].join(", ");
  const what =
    later.length === 0
      ? `nothing waits for this transfer into ${names}`
      : `nothing waits for this transfer and the ${later.length} behind it into ${names}`;
  return [
    {
      severity: "warning",
      op: first.op.name,
      loc: first.op.loc,
      message: `${what} (${by}): an NPU's run is over when its sequence is, and the host may read what is not written yet`,
      hint: cureOf(starts),
    },
  ];
}

/** One wait for the token of the last transfer, and one for each token before it. */
function cureOf(starts: readonly Start[]): string {
  const last = starts.at(-1)!;
  const before = starts.slice(0, -1).filter(({ token }) => token).length;
  const often = before === 0 ? "" : `, ${before + 1} times: each takes the token of the oldest transfer`;
  const token = last.token ? "" : "give it issue_token = true, and ";
  const free = isFreed(last) ? "; aiex.dma_free_task does not wait" : "";
  return `${token}add ${last.wait} at the end of the sequence${often}${free}`;
}

function isFreed({ op }: Start): boolean {
  const task = op.results[0] ?? op.operands[0];
  return op.parent?.ops.some(({ name, operands }) => name === "aiex.dma_free_task" && operands[0] === task) ?? false;
}

/** Stands for every channel: packets of a trace unit are led by switches of the design's own. */
const anyChannel = "any";

/** Where packets of trace units arrive: their buffer is larger than what comes, so its transfer does not end. */
function tracedChannels(device: Device): ReadonlySet<string> {
  const found = new Set<string>();
  walk(device.op, (op) => {
    const isTraced = op.text("source_bundle") === "Trace" || op.text("bundle") === "Trace";
    if (op.name === "aie.flow" && isTraced) found.add(channelAt(op.operands[1], op.int("dest_channel")));
    if (/^aie\.(connect|packet_rules)$/.test(op.name) && (isTraced || op.text("source_bundle") === "Trace")) {
      found.add(anyChannel);
    }
    if (op.name !== "aie.packet_flow") return;
    const ends = op.regions[0]?.entry.ops ?? [];
    if (!ends.some((end) => end.name === "aie.packet_source" && end.text("bundle") === "Trace")) return;
    for (const end of ends) {
      if (end.name === "aie.packet_dest") found.add(channelAt(end.operands[0], end.int("channel")));
    }
  });
  return found;
}

function channelAt(tile: Value | undefined, channel: number | undefined): string {
  return tile === undefined ? anyChannel : channelKey(coordOf(tile), channel ?? 0);
}
