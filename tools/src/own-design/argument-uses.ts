import { bdOffset, type DeviceModel, splitAddress, taskQueueRegisterOffset, tileKind, tileModels } from "@aiekit/mlir";
import { decodeTxn, type TxnOp } from "@aiekit/xclbin";

/** What the array does with a host argument: reads it, writes it, both, or leaves it alone. */
export type ArgumentUse = "in" | "out" | "inout" | "unused";

/**
 * Which host arguments an instruction stream lets the array read and write: BDs that an address patch points into an
 * argument, and that are pushed to an MM2S queue (read) or an S2MM queue (written), alone or behind others of a chain.
 */
export function argumentUses(insts: Uint8Array, device: DeviceModel): ReadonlyMap<number, ArgumentUse> {
  const bds = new Map<string, ShimBd>();
  const uses = new Map<number, ArgumentUse>();
  for (const op of decodeTxn(insts, "instruction stream").ops) {
    for (const { address, value } of writesOf(op)) {
      const place = shimRegister(device, address);
      if (place?.kind === "bd" && place.word === nextBdWord) bdAt(bds, place).next = nextBd(value);
      else if (place?.kind === "queue") push(place, { bds, uses, bdId: value & bdIdMask });
    }
    if (op.op !== "addressPatch") continue;
    const place = shimRegister(device, op.address);
    if (place?.kind === "bd") bdAt(bds, place).argIndex = op.argIndex;
  }
  return uses;
}

interface ShimBd {
  argIndex?: number;
  next?: number | undefined;
}

type ShimRegister =
  | { readonly kind: "bd"; readonly col: number; readonly id: number; readonly word: number }
  | { readonly kind: "queue"; readonly col: number; readonly use: "in" | "out" };

const { shim } = tileModels;
/** Word of a shim BD with Use_Next_BD (bit 26) and Next_BD (bits 27..30). Source: aie-rt xaiemlgbl_params, NOC_MODULE_DMA_BD0_7. */
const nextBdWord = 7;
/** A push to the queue names the BD in its lowest bits. Source: AIEDmaToNpu. */
const bdIdMask = 0xf;

function nextBd(word: number): number | undefined {
  return (word >>> 26) & 1 ? (word >>> 27) & 0xf : undefined;
}

function writesOf(op: TxnOp): readonly { readonly address: number; readonly value: number }[] {
  if (op.op === "write32") return [op];
  if (op.op !== "blockwrite") return [];
  return op.words.map((value, i) => ({ address: op.address + 4 * i, value }));
}

function shimRegister(device: DeviceModel, address: number): ShimRegister | undefined {
  const { col, row, offset } = splitAddress(address);
  if (tileKind(device, col, row) !== "shim") return undefined;
  for (const [direction, use] of [
    ["MM2S", "in"],
    ["S2MM", "out"],
  ] as const) {
    for (let channel = 0; channel < shim.dma.channels; channel++) {
      if (offset === taskQueueRegisterOffset(shim, direction, channel)) return { kind: "queue", col, use };
    }
  }
  const id = Math.floor((offset - bdOffset(shim, 0)) / shim.dma.bdRegisterStride);
  if (id < 0 || id >= shim.dma.bds) return undefined;
  return { kind: "bd", col, id, word: (offset - bdOffset(shim, id)) / 4 };
}

function bdAt(bds: Map<string, ShimBd>, { col, id }: { readonly col: number; readonly id: number }): ShimBd {
  const key = `${col},${id}`;
  const bd = bds.get(key) ?? {};
  bds.set(key, bd);
  return bd;
}

interface Push {
  readonly bds: Map<string, ShimBd>;
  readonly uses: Map<number, ArgumentUse>;
  readonly bdId: number;
}

function push({ col, use }: { readonly col: number; readonly use: "in" | "out" }, { bds, uses, bdId }: Push): void {
  const seen = new Set<number>();
  for (let id: number | undefined = bdId; id !== undefined && !seen.has(id); ) {
    seen.add(id);
    const bd: ShimBd = bdAt(bds, { col, id });
    if (bd.argIndex !== undefined) {
      const known = uses.get(bd.argIndex) ?? use;
      uses.set(bd.argIndex, known === use ? use : "inout");
    }
    id = bd.next;
  }
}
