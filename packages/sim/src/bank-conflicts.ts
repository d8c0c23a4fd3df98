import { type Operation, type TileCoord, tileModel, type Value, walk } from "@aiekit/mlir";
import type { ArrayConfig, BufferConfig, DmaStart } from "./array-config.ts";
import type { RunReport } from "./run-report.ts";

/** Buffers of one bank that a core and a DMA channel use at the same time. */
export interface BankConflict {
  /** Whose memory it is. */
  readonly tile: TileCoord;
  readonly bank: number;
  readonly core: TileCoord;
  readonly kernel: string;
  readonly kernelBuffer: string;
  readonly dmaBuffer: string;
  /** Expected in the run. Beside its cycles, not in them. */
  readonly stallCycles: number;
}

/** A DMA reads or writes a row of 128 bits at once. Source: AM020. */
const wordsPerRow = 4;
/** The bank's arbiter goes round: of two that come in the same cycle the core waits every other time. Source: AM020. */
const coreWaits = 1 / 2;

/**
 * Cycles that cores can be expected to lose to DMA channels in the banks of data memory, from the layout and what one run did;
 * those that cost most first. Coarse: a kernel is taken to access one of its arguments in each cycle, by their sizes, and a
 * channel to work evenly over the run. Buffers that a kernel is given are not the DMA's at the same time, so only others meet.
 * Nothing where they lie in separate banks. The two loads and the store of a core among themselves are not looked at.
 */
export function bankConflicts(config: ArrayConfig, report: RunReport): BankConflict[] {
  if (report.cycles === 0) return [];
  const transfers = dmaWords(config, report);
  const found = report.tiles.flatMap(({ tile, core }) => {
    const sites = callsOf(config, tile);
    return (core?.kernels ?? []).flatMap(({ name, cycles }) => {
      const calls = sites.filter((site) => site.kernel === name);
      return calls.flatMap(({ buffers }) => {
        const part = { core: tile, kernel: name, cycles: cycles / calls.length };
        return transfers.flatMap((transfer) => conflictsOf(config, { ...part, buffers }, transfer, report.cycles));
      });
    });
  });
  return summed(found).sort((a, b) => b.stallCycles - a.stallCycles);
}

interface Work {
  readonly core: TileCoord;
  readonly kernel: string;
  readonly cycles: number;
  readonly buffers: readonly BufferConfig[];
}

interface DmaWords {
  readonly buffer: BufferConfig;
  readonly words: number;
}

function conflictsOf(config: ArrayConfig, work: Work, { buffer, words }: DmaWords, runCycles: number): BankConflict[] {
  if (work.buffers.includes(buffer)) return [];
  const { tile } = buffer;
  const { dataBytes, banks } = tileModel(config.device, tile.col, tile.row);
  const bankBytes = dataBytes / banks;
  const allBytes = work.buffers.reduce((sum, { bytes }) => sum + bytes, 0);
  const near = work.buffers.filter((one) => sameTile(one.tile, tile));
  return near.flatMap((one) =>
    Array.from({ length: banks }, (_, bank) => bank).flatMap((bank): BankConflict[] => {
      const bytesIn = (of: BufferConfig): number =>
        Math.max(0, Math.min(of.address + of.bytes, (bank + 1) * bankBytes) - Math.max(of.address, bank * bankBytes));
      const accesses = (work.cycles * bytesIn(one)) / allBytes;
      const rows = (words * bytesIn(buffer)) / buffer.bytes / wordsPerRow;
      const stallCycles = (coreWaits * accesses * rows) / runCycles;
      if (stallCycles === 0) return [];
      const { core, kernel } = work;
      return [{ tile, bank, core, kernel, kernelBuffer: one.name, dmaBuffer: buffer.name, stallCycles }];
    }),
  );
}

/** Words that channels moved in compute tiles, spread evenly over the buffers of their BDs. */
function dmaWords(config: ArrayConfig, { tiles }: RunReport): DmaWords[] {
  return tiles.flatMap(({ tile, channels }) =>
    channels.flatMap(({ direction, channel, words }) => {
      const starts = config.starts.filter(
        (start) => sameTile(start.tile, tile) && start.direction === direction && start.channel === channel,
      );
      const buffers = starts.flatMap((start) => buffersFrom(config, start));
      return buffers.map((buffer) => ({ buffer, words: words / buffers.length }));
    }),
  );
}

/** Buffers of the BDs that a channel goes through, each as often as BDs work on it. */
function buffersFrom({ bds }: ArrayConfig, { tile, bdId }: DmaStart): BufferConfig[] {
  const buffers: BufferConfig[] = [];
  const seen = new Set<number>();
  for (let id: number | undefined = bdId; id !== undefined && !seen.has(id); ) {
    seen.add(id);
    const bd = bds.find((one) => one.id === id && sameTile(one.tile, tile));
    if (bd && !("external" in bd.buffer)) buffers.push(bd.buffer);
    id = bd?.nextBd;
  }
  return buffers;
}

/** Places where a core's body calls kernels, with the buffers that it gives them. */
function callsOf(config: ArrayConfig, tile: TileCoord) {
  const calls: { readonly kernel: string; readonly buffers: readonly BufferConfig[] }[] = [];
  const core = config.cores.find((one) => sameTile(one.tile, tile));
  if (core === undefined) return calls;
  walk(core.op, (op) => {
    const kernel = op.name === "func.call" ? op.text("callee") : undefined;
    if (kernel === undefined) return;
    const buffers = op.operands.flatMap((value) => bufferOf(config, value) ?? []);
    if (buffers.length > 0) calls.push({ kernel, buffers });
  });
  return calls;
}

/** The buffer that a memref is, or is a view of; undefined where that is decided as the core runs. */
function bufferOf(config: ArrayConfig, value: Value): BufferConfig | undefined {
  for (let one: Value | undefined = value; one !== undefined; one = viewed(one.definingOp)) {
    const buffer = config.bufferOf.get(one);
    if (buffer) return buffer;
  }
  return undefined;
}

function viewed(op: Operation | undefined): Value | undefined {
  return op?.name.startsWith("memref.") ? op.operands[0] : undefined;
}

function summed(conflicts: readonly BankConflict[]): BankConflict[] {
  const sums = new Map<string, BankConflict>();
  for (const one of conflicts) {
    const { tile, bank, core, kernel, kernelBuffer, dmaBuffer } = one;
    const key = JSON.stringify([tile, bank, core, kernel, kernelBuffer, dmaBuffer]);
    sums.set(key, { ...one, stallCycles: one.stallCycles + (sums.get(key)?.stallCycles ?? 0) });
  }
  return [...sums.values()];
}

function sameTile(a: TileCoord, b: TileCoord): boolean {
  return a.col === b.col && a.row === b.row;
}
