import { DesignError } from "@aiekit/core";
import { absoluteAddress, deviceModel, lowerSequence, type Operation } from "@aiekit/mlir";
import { encodeTxn, type TxnOp } from "@aiekit/xclbin";

/** Where the sequence is, for modules with several devices. */
export interface NpuToBinaryOptions {
  /** Symbol of the device; the first one that has such a sequence when absent. */
  readonly device?: string;
}

/**
 * Instruction stream (TXN 0.1, little-endian) of one runtime sequence of a lowered module: what `aie-opt`'s NPU lowering
 * and `aie-translate --aie-npu-to-binary` make of it, word for word.
 * @throws DesignError when there is no such sequence or an operation has no place in a stream.
 */
export function npuToBinary(lowered: Operation, sequence: string, options: NpuToBinaryOptions = {}): Uint8Array {
  const runtimeSequence = lowerSequence(lowered, sequence, options.device);
  const deviceOp = runtimeSequence.parentOp;
  const device = deviceModel(deviceOp?.text("device") ?? "");
  const ops = runtimeSequence.regions.flatMap((region) =>
    region.blocks.flatMap((block) => block.ops.flatMap((op) => encodeOp(op, deviceOp))),
  );
  return encodeTxn({
    major: 0,
    minor: 1,
    deviceGeneration: device.txnGeneration,
    rows: device.rows,
    cols: device.columns,
    memtileRows: device.memtileRows,
    ops,
  });
}

function encodeOp(op: Operation, device: Operation | undefined): readonly TxnOp[] {
  const n = (key: string) => op.int(key) ?? 0;
  switch (op.name) {
    case "aiex.npu.write32":
      return [{ op: "write32", address: absoluteAddress(op), value: n("value") }];
    case "aiex.npu.maskwrite32":
      return [{ op: "maskwrite32", address: absoluteAddress(op), value: n("value"), mask: n("mask") }];
    case "aiex.npu.blockwrite":
      return [{ op: "blockwrite", address: absoluteAddress(op), words: blockWords(op, device), ...tileOf(op) }];
    case "aiex.npu.address_patch":
      return [{ op: "addressPatch", address: n("addr"), argIndex: n("arg_idx"), argPlus: n("arg_plus") }];
    case "aiex.npu.sync":
      return [
        {
          op: "sync",
          direction: n("direction") === 0 ? 0 : 1,
          col: n("column"),
          row: n("row"),
          channel: n("channel"),
          cols: n("column_num"),
          rows: n("row_num"),
        },
      ];
    case "aiex.npu.preempt":
      return [{ op: "preempt", level: n("level") }];
    case "aiex.npu.load_pdi":
      // Which PDI it is and where it lies is filled in when the xclbin is loaded.
      return [{ op: "loadPdi", id: n("id"), bytes: n("size"), address: BigInt(n("address")) }];
    case "memref.get_global":
      return [];
    default:
      throw new DesignError(`instruction stream: ${op.name} has no place in it`);
  }
}

/** Column and row that a blockwrite gives beside its address stand in its second word too. */
function tileOf(op: Operation): { readonly col: number; readonly row: number } | undefined {
  const [col, row] = [op.int("column"), op.int("row")];
  return col === undefined || row === undefined ? undefined : { col: col & 0xff, row: row & 0xff };
}

/** The words of the constant that a blockwrite sends. */
function blockWords(op: Operation, device: Operation | undefined): readonly number[] {
  const name = op.operands[0]?.definingOp?.text("name");
  const global = device?.regions[0]?.entry.ops.find((g) => g.name === "memref.global" && g.text("sym_name") === name);
  const data = global?.attributes.get("initial_value");
  if (data?.kind !== "dense" || name === undefined) {
    throw new DesignError(`aiex.npu.blockwrite: expected a constant of the device as data, got @${name}`);
  }
  const type = data.type;
  if (type.element.kind !== "integer" || type.element.width !== 32) {
    throw new DesignError(`aiex.npu.blockwrite: expected 32-bit integers in @${name}, got other elements`);
  }
  const count = type.shape.reduce<number>((product, d) => product * (d ?? 0), 1);
  const at = (i: number) => Number(data.values[data.splat ? 0 : i] ?? 0) >>> 0;
  return Array.from({ length: count }, (_, i) => at(i));
}
