import { UsageError } from "@aiekit/core";
import { type DeviceModel, deviceModel, type Operation } from "@aiekit/mlir";
import { decodeTxn, encodeTxn, unawaitedOutputs, unawaitedText } from "@aiekit/xclbin";
import { npuToBinary } from "../npu-to-binary.ts";
import { lowerOwnModule, nameOf, type OwnModuleSource, opsNamed, readOwnModule } from "./read-own-module.ts";
import { type SequenceArgument, sequenceArguments } from "./sequence-arguments.ts";

/** A design that is not one of the project's, and which part of it to run. */
export interface OwnDesignSource extends OwnModuleSource {
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
  const { file } = source;
  const own = readOwnModule(source);
  const sequence = chooseSequence(own.device, source);
  const { lowered, warnings } = lowerOwnModule(own, source);
  const loweredDevice = opsNamed(lowered, "aie.device")[0]!;
  const name = nameOf(sequence, "sequence");
  const device = deviceModel(own.device.text("device") ?? "");
  const insts = source.insts === undefined ? npuToBinary(lowered, name) : binaryStream(source.insts);
  const args = sequenceArguments({ file, sequence, insts, device });
  // Lowering a sequence says more of it, with the line in the design.
  const isLoweredHere = source.insts === undefined && !source.lowered;
  const unawaited = isLoweredHere ? [] : warnOfUnawaited(insts, args);
  return {
    file,
    lowered,
    device,
    sequence: name,
    insts,
    args,
    cores: opsNamed(loweredDevice, "aie.core").length,
    warnings: [...warnings, ...unawaited],
  };
}

function warnOfUnawaited(insts: Uint8Array, args: readonly SequenceArgument[]): string[] {
  return unawaitedOutputs(decodeTxn(insts).ops).map((output) => {
    const what = unawaitedText(output, `%${args[output.argIndex]?.name ?? `arg${output.argIndex}`}`);
    return `instruction stream: ${what}: an NPU's run is over when its stream is, and the host may read what is not written yet\n  hint: add a wait for the channel at the end of the sequence (aiex.npu.dma_wait, dma_await_task or sync), one for each transfer that gives a token`;
  });
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

/** Streams are also written as text, one hexadecimal word a line. */
function binaryStream({ file, bytes }: { readonly file: string; readonly bytes: Uint8Array }): Uint8Array {
  return encodeTxn(decodeTxn(bytes, file));
}
