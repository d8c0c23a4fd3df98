import { AbortedError } from "@aiekit/core";
import { type DepthChange, SimFault, smallestDepthFix } from "@aiekit/host";
import { type Operation, parseModule, placeTiles, printModule } from "@aiekit/mlir";

export interface DeadlockCureSource {
  readonly file: string;
  /** The design before lowering, with one device. */
  readonly text: string;
  /** Runs a design given as text, in the way that stood still. */
  readonly run: (text: string) => Promise<unknown>;
  /** Designs that are tried at most. */
  readonly runsMax: number;
}

/**
 * A deadlock with the smallest change of objectFifo depths that frees it, which has been run to its end; other errors as they
 * are. Where no change was found the deadlock says how far was looked.
 */
export async function withDepthCure(error: unknown, source: DeadlockCureSource): Promise<unknown> {
  if (!(error instanceof SimFault) || error.fault.kind !== "deadlock") return error;
  // Depth is room: where nobody waits for room it changes nothing.
  if (!error.fault.waits?.some(({ waitsFor }) => /\bfree objects?\b/.test(waitsFor))) return error;
  const design = placeTiles(parseModule(source.text, source.file));
  const first = error.fault.waitFifos ?? [];
  const run = (candidate: Operation) => source.run(printModule(candidate));
  const fix = await smallestDepthFix(design, run, { first, runsMax: source.runsMax }).catch((other: unknown) => {
    if (other instanceof AbortedError) throw other;
    return undefined;
  });
  const said = fix
    ? `the smallest change of depths that frees it, run to its end: ${fix.changes.map(changeText).join(", ")}`
    : `no change of depths frees it, of ${source.runsMax} tried at most`;
  const hint = fix
    ? "write depths as lists: a single number is a wish, lowered to what cores acquire and one"
    : error.hint;
  return new SimFault(`${error.message}\n  ${said}`, error.fault, {
    cause: error,
    ...(hint !== undefined && { hint }),
  });
}

/** `objectFifo @x from [1, 1] to [3, 3]` */
function changeText({ objectFifo, from, to }: DepthChange): string {
  return `objectFifo @${objectFifo} from [${from.join(", ")}] to [${to.join(", ")}]`;
}
