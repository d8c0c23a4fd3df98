import { AbortedError, AiekitError } from "@aiekit/core";
import { type DepthChange, SimFault, smallestDepthFix } from "@aiekit/host";
import { type Operation, parseModule, placeTiles, printModule } from "@aiekit/mlir";
import { beginCures } from "./deadlock-cures/begin-cures.ts";
import { lockOrderCures } from "./deadlock-cures/lock-order-cures.ts";
import { otherSequences } from "./deadlock-cures/other-sequences.ts";
import { type Cure, waitCures } from "./deadlock-cures/wait-cures.ts";

interface DeadlockCureSource {
  readonly file: string;
  /** The design before lowering, with one device. */
  readonly text: string;
  /** The runtime sequence that stood still, where it was named. */
  readonly sequence: string | undefined;
  /** Runs a design given as text, in the way that stood still; `checked` also follows what memory holds. */
  readonly run: (text: string, how?: { readonly checked: boolean }) => Promise<unknown>;
  /** Designs that are tried at most. */
  readonly runsMax: number;
}

/** Designs with other depths that are tried where something else was found already. */
const besideAnother = 20;

/**
 * A deadlock with what frees it, which has been run to its end: another order of the sequence or of locks, a lock that begins
 * with more, the smallest change of objectFifo depths. Other errors are left as they are. Where nothing was found the deadlock
 * says how far was looked.
 */
export async function withCureOfDeadlock(error: unknown, source: DeadlockCureSource): Promise<unknown> {
  if (!(error instanceof SimFault) || error.fault.kind !== "deadlock") return error;
  const { fault } = error;
  const { sequence, runsMax } = source;
  const design = () => placeTiles(parseModule(source.text, source.file));
  const cures = [
    ...waitCures(design, { fault, sequence }),
    ...lockOrderCures(design, fault),
    ...beginCures(design, fault),
  ];
  const other = await firstThatRuns(cures, source);
  const said = otherSequences(design(), { fault, sequence });
  if (other !== undefined) said.push(`what frees it, run to its end: ${other}`);
  // Depth is room: where nobody waits for room it changes nothing, and the deadlock says so.
  const hasDepths = fault.waits?.some(({ waitsFor }) => /\bfree objects?\b/.test(waitsFor)) ?? false;
  const tries = other === undefined ? runsMax : Math.min(runsMax, besideAnother);
  const changes = hasDepths ? await depthCure(design(), { ...source, runsMax: tries }, fault.waitFifos) : undefined;
  if (changes !== undefined) said.push(`the smallest change of depths that frees it, run to its end: ${changes}`);
  else if (hasDepths && other === undefined) said.push(`no change of depths that was tried frees it, ${tries} at most`);
  const onlyFifos = (fault.waitFifos?.length ?? 0) > 0 && !fault.waitCycle?.includes("controller");
  const hint =
    changes !== undefined && other === undefined
      ? "write depths as lists: a single number is a wish, lowered to what cores acquire and one"
      : hasDepths && other === undefined && onlyFifos
        ? "count what each core of the circle acquires and releases in one round: both ends of an objectFifo have to pass on as many objects"
        : error.hint;
  return new SimFault([error.message, ...said].join("\n  "), fault, {
    cause: error,
    ...(hint !== undefined && { hint }),
  });
}

/** The smallest change of depths that was found, in words. */
async function depthCure(
  design: Operation,
  { run, runsMax }: DeadlockCureSource,
  first: readonly string[] = [],
): Promise<string | undefined> {
  const tryDesign = (candidate: Operation) => run(printModule(candidate));
  const fix = await smallestDepthFix(design, tryDesign, { first, runsMax }).catch((error: unknown) => {
    if (error instanceof AbortedError) throw error;
    return undefined;
  });
  return fix?.changes.map(changeText).join(", ");
}

/** `objectFifo @x from [1, 1] to [3, 3]` */
function changeText({ objectFifo, from, to }: DepthChange): string {
  return `objectFifo @${objectFifo} from [${from.join(", ")}] to [${to.join(", ")}]`;
}

/** What the first cure says whose design runs to its end. */
async function firstThatRuns(
  cures: readonly Cure[],
  { run, runsMax }: DeadlockCureSource,
): Promise<string | undefined> {
  for (const { design, says, checked = false } of cures.slice(0, runsMax)) {
    try {
      await run(printModule(design), { checked });
      return says;
    } catch (error) {
      if (error instanceof AbortedError || !(error instanceof AiekitError)) throw error;
    }
  }
  return undefined;
}
