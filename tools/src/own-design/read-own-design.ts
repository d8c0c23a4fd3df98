import { DesignError, UsageError } from "@aiekit/core";
import {
  type DeviceModel,
  type Diagnostic,
  deviceModel,
  formatDiagnostic,
  lowerDesign,
  type Operation,
  parseModule,
  placeTiles,
  routeFlows,
  verify,
  walk,
} from "@aiekit/mlir";
import { decodeTxn, encodeTxn } from "@aiekit/xclbin";
import { npuToBinary } from "../npu-to-binary.ts";
import { type SequenceArgument, sequenceArguments } from "./sequence-arguments.ts";

/** A design that is not one of the project's: text from anywhere, and which part of it to run. */
export interface OwnDesignSource {
  /** What messages call it. */
  readonly file: string;
  readonly text: string;
  /** The text is a lowered design, ours or `aie-opt`'s: buffers with addresses, locks and BDs. */
  readonly lowered: boolean;
  /** Needed where the module has several devices and none is called `main`. */
  readonly deviceName?: string | undefined;
  /** Needed where the device has several sequences. */
  readonly sequence?: string | undefined;
  /** An instruction stream made elsewhere, to run in place of the one that the sequence lowers to. */
  readonly insts?: { readonly file: string; readonly bytes: Uint8Array } | undefined;
}

/** A design that was read, verified and lowered, and the instruction stream of the chosen sequence. */
export interface OwnDesign {
  readonly file: string;
  /** A module with the chosen device alone. Its operations' places are in the file that was read. */
  readonly lowered: Operation;
  readonly device: DeviceModel;
  readonly sequence: string;
  readonly insts: Uint8Array;
  readonly args: readonly SequenceArgument[];
  readonly cores: number;
  /** Of verifier and lowering. */
  readonly warnings: readonly string[];
}

/**
 * Reads a stranger's design.
 * @throws FormatError with line, column and a caret where the text does not parse; DesignError with the verifier's errors
 * and for what cannot be lowered; BudgetError for what does not fit; UsageError for a device or sequence that is not there.
 */
export function readOwnDesign(source: OwnDesignSource): OwnDesign {
  const { file, text } = source;
  const module = parseModule(text, file);
  const found = verify(module);
  const errors = found.filter((diagnostic) => diagnostic.severity === "error");
  if (errors.length > 0) throw new DesignError(errors.map(formatDiagnostic).join("\n"));

  const deviceOp = keepDevice(module, source);
  const sequence = chooseSequence(deviceOp, source);
  const { module: lowered, warnings } = source.lowered ? checkLowered(module, file) : lowerPlaced(module);
  const loweredDevice = opsNamed(lowered, "aie.device")[0]!;
  const name = nameOf(sequence, "sequence");
  const device = deviceModel(deviceOp.text("device") ?? "");
  const insts = source.insts === undefined ? npuToBinary(lowered, name) : binaryStream(source.insts);
  return {
    file,
    lowered,
    device,
    sequence: name,
    insts,
    args: sequenceArguments({ file, sequence, insts, device }),
    cores: opsNamed(loweredDevice, "aie.core").length,
    warnings: [...found, ...warnings].map(formatDiagnostic),
  };
}

function keepDevice(module: Operation, { file, deviceName }: OwnDesignSource): Operation {
  const devices = opsNamed(module, "aie.device");
  const wanted = deviceName ?? (devices.length === 1 ? nameOf(devices[0]!, "main") : "main");
  const names = devices.map((op) => `@${nameOf(op, "main")}`).join(", ");
  const device = devices.find((op) => nameOf(op, "main") === wanted);
  if (device === undefined) {
    throw new UsageError(`${file}: expected a device @${wanted}, found ${names || "none"}`, {
      hint: "say which with --device-name",
    });
  }
  for (const other of devices) if (other !== device) other.parent?.remove(other);
  return device;
}

function chooseSequence(device: Operation, { file, sequence: wanted }: OwnDesignSource): Operation {
  const sequences = opsNamed(device, "aie.runtime_sequence");
  const names = sequences.map((op) => `@${nameOf(op, "sequence")}`).join(", ");
  const chosen = sequences.filter((op) => wanted === undefined || nameOf(op, "sequence") === wanted);
  const [sequence, ...more] = chosen;
  if (sequence === undefined) {
    const what = wanted === undefined ? "an aie.runtime_sequence" : `a runtime sequence @${wanted}`;
    throw new UsageError(`${file}: expected ${what}, found ${names || "none"}`, {
      hint:
        sequences.length > 0
          ? "say which with --sequence"
          : "the sequence says what the host hands over: it is needed, also with --insts, for the types of the arguments",
    });
  }
  if (more.length > 0) {
    throw new UsageError(`${file}: which of the runtime sequences ${names} is to run?`, {
      hint: "add --sequence NAME",
    });
  }
  const configure = opsNamed(sequence, "aiex.configure")[0];
  if (configure !== undefined) {
    const other = configure.text("symbol") ?? "OTHER";
    throw new UsageError(`${file}: sequence ${names} loads device @${other} at run time, which is not simulated`, {
      hint: `run that device by itself: --device-name ${other}`,
    });
  }
  return sequence;
}

/** Logical tiles get places; the routes are made only to see that the stream switches can hold the flows. */
function lowerPlaced(module: Operation): { module: Operation; warnings: readonly Diagnostic[] } {
  const lowered = lowerDesign(placeTiles(module));
  routeFlows(lowered.module);
  return lowered;
}

function checkLowered(module: Operation, file: string): { module: Operation; warnings: readonly Diagnostic[] } {
  const fifo = opsNamed(module, "aie.objectfifo")[0];
  if (fifo !== undefined) {
    const place = fifo.loc === undefined ? file : `${file}:${fifo.loc.line}:${fifo.loc.column}`;
    throw new UsageError(`${place}: aie.objectfifo in a design that --lowered says is lowered`, {
      hint: "leave --lowered out",
    });
  }
  return { module, warnings: [] };
}

/** Streams are also written as text, one hexadecimal word a line. */
function binaryStream({ file, bytes }: { readonly file: string; readonly bytes: Uint8Array }): Uint8Array {
  return encodeTxn(decodeTxn(bytes, file));
}

function opsNamed(root: Operation, name: string): Operation[] {
  const found: Operation[] = [];
  walk(root, (op) => {
    if (op.name === name) found.push(op);
  });
  return found;
}

function nameOf(op: Operation, unnamed: string): string {
  return op.text("sym_name") ?? unnamed;
}
