import type { TxnOp } from "@aiekit/xclbin";
import type { ConfiguredArray } from "../array.ts";
import type { HostBuffer } from "../controller.ts";
import type { RunReport } from "../run-report.ts";
import { restKey } from "./array-state.ts";
import type { DesignTapes } from "./design-tapes.ts";
import { LaunchRecorder } from "./launch-recorder.ts";
import { LaunchRerun } from "./launch-rerun.ts";
import { areApart, fitsHost, type LaunchTape } from "./launch-tape.ts";
import { linkTape, withMirror } from "./link-tape.ts";
import { type GivenAndTaken, LockCounts } from "./lock-counts.ts";
import { OwnMemory } from "./own-memory.ts";
import type { TapePlay } from "./play-step.ts";
import { type RecordedTape, writtenBy } from "./recorded-tape.ts";

/** An instruction stream and the host memory of one launch. */
export interface Launch {
  readonly ops: readonly TxnOp[];
  readonly host: readonly HostBuffer[];
  /** Cycle at which it begins. */
  readonly at: number;
}

/** Recordings of one stream that came to nothing, and tapes that did not hold on this array, after which it is left alone. */
const mostFailures = 3;
/** Plays of a tape before host memory is brought over for it, for which tables are made: many arrays play a tape once. */
const playsBeforeMirror = 4;
/**
 * States of the array from which a stream has a tape. Of every fifo with an odd number of objects in a launch the buffers change
 * their roles, and other streams change them too.
 */
const mostTapes = 16;

/** Of all tapes of a design together: some ten bytes a step, since equal steps are kept once; and as many for each array. */
const mostSteps = 2_000_000;
/** Instructions in loops of kernels that come behind the last launch: less than a second, since nobody waits for them. */
const instructionsAtClose = 1_000_000_000n;
/** Of an array. */
const mostMirrorBytes = 32 * 2 ** 20;

/** A launch under way that becomes a tape when all has come to rest behind it. */
interface Recording {
  readonly launch: Launch;
  readonly startKey: string;
  readonly recorder: LaunchRecorder;
  readonly lockCountsBefore: GivenAndTaken;
  report?: RunReport;
}

/**
 * What an array does with the tapes of its design. The second launch of an instruction stream, on whichever array of the design,
 * is recorded; later ones that begin in the same state are played. What cores, DMAs and locks do, and when, follows from the
 * stream, their state and the cycles of kernels, all of which are compared: so a launch that is played leaves the bytes, cycles
 * and counters that it would leave otherwise. Locks, DMAs and cores themselves stay where they are meanwhile, and are brought to
 * where they would be when they are needed.
 */
export class LaunchTapes {
  readonly #array: ConfiguredArray;
  readonly #design: DesignTapes;
  readonly #own: OwnMemory;
  readonly #lockCounts: LockCounts;
  readonly #linked = new WeakMap<RecordedTape, { plays: number; tape: LaunchTape }>();
  /** How often a stream's tape did not hold. */
  readonly #differed = new WeakMap<readonly TxnOp[], number>();
  /** State of the array, with what has been played; undefined when it is not known. */
  #key: string | undefined;
  /** Launches that were played since the array itself was at work, up to where a state came again. */
  #played: { readonly launch: Launch; readonly tape: LaunchTape }[] = [];
  /** What cores' own buffers held before these. */
  #ownBefore: Uint32Array = new Uint32Array(0);
  #recording: Recording | undefined;
  #mirrorBytes = 0;

  private constructor(array: ConfiguredArray, design: DesignTapes, own: OwnMemory) {
    this.#array = array;
    this.#design = design;
    this.#own = own;
    this.#lockCounts = new LockCounts(array);
  }

  /** Undefined for designs whose cores look at more than their own buffers, and for those with packets. */
  static of(array: ConfiguredArray, design: DesignTapes): LaunchTapes | undefined {
    if (array.cores.some(({ program }) => program.ownBuffers === undefined)) return undefined;
    const hasPackets = array.channels().some(({ streams }) => streams.some(({ packetIds }) => packetIds.length > 0));
    if (hasPackets) return undefined;
    const uses = array.cores.flatMap((core) => [...core.program.ownBuffers!].map((buffer) => ({ core, buffer })));
    return new LaunchTapes(array, design, new OwnMemory(uses, ({ tile }) => array.tile(tile)));
  }

  /** The tape of a launch that begins now, before anything of it has been done. Without one the array is ready to do it. */
  begin(launch: Launch): LaunchTape | undefined {
    const stream = this.#design.ofStream(launch.ops);
    stream.launches++;
    this.#finishRecording();
    const failures = stream.failures + (this.#differed.get(launch.ops) ?? 0);
    const startKey = failures < mostFailures && stream.launches > 1 ? this.#stateKey() : undefined;
    const tape = stream.tapes.find(
      (one) => one.startKey === startKey && fitsHost(one, launch.host) && this.#own.holds(one.startOwn, one.freeOwn),
    );
    if (tape !== undefined) return this.#link(tape);
    this.#catchUp();
    this.#key = undefined;
    // Which of them are written is not known yet.
    const hostIsApart = areApart([...launch.host.keys()], launch.host);
    if (startKey !== undefined && hostIsApart && stream.tapes.length < mostTapes && this.#design.steps < mostSteps) {
      const recorder = new LaunchRecorder(this.#array, this.#own, launch.host);
      this.#recording = { launch, startKey, recorder, lockCountsBefore: this.#lockCounts.read() };
      this.#array.clock.hook = recorder;
    }
    return undefined;
  }

  /** The launch that `begin` gave no tape for, or one that differed from its tape, has ended. */
  ended(report: RunReport): void {
    if (this.#recording === undefined) {
      this.#array.clock.hook = undefined;
      return;
    }
    this.#recording.report = report;
    this.#recording.recorder.launchEnded();
  }

  /** No launch follows. One that was recorded becomes a tape for other arrays of the design, if all comes to rest behind it. */
  close(): void {
    if (this.#recording === undefined) return;
    const { clock, cost, cores, kernels } = this.#array;
    // Without a budget a kernel might never return.
    if (kernels.some(({ budget }) => budget === undefined)) return;
    for (const { budget } of kernels) budget!.left.value = instructionsAtClose;
    const until = clock.now + cost.launchCycles;
    try {
      while (clock.nextTime <= until) clock.step();
      for (const core of cores) core.settle();
      this.#finishRecording();
    } catch {
      // A kernel that fails now does so unseen, as in every array that is left in the middle of its work.
      this.#recording = undefined;
    }
  }

  /** All of a tape was played. */
  played(launch: Launch, tape: LaunchTape): void {
    const { startKey, endKey, endOwn } = tape.recorded;
    this.#key = endKey;
    this.#lockCounts.played(tape.recorded);
    if (this.#played.length === 0) {
      if (endKey === startKey) {
        this.#own.write(endOwn);
        return;
      }
      this.#ownBefore = this.#own.read();
    }
    this.#own.write(endOwn);
    this.#played.push({ launch, tape });
    const again = this.#played.findIndex(({ tape: { recorded } }) => recorded.startKey === endKey);
    if (again >= 0) this.#played.length = again;
  }

  /** Of a launch only a part was played: it begins anew, and goes to where it is then without doing that again. */
  differed(launch: Launch, part: TapePlay): void {
    this.#differed.set(launch.ops, (this.#differed.get(launch.ops) ?? 0) + 1);
    this.#catchUp();
    this.#key = undefined;
    this.#array.clock.hook = new LaunchRerun(part, this.#own);
  }

  #stateKey(): string | undefined {
    this.#key ??= restKey(this.#array);
    return this.#key;
  }

  #finishRecording(): void {
    if (this.#recording === undefined) return;
    const { launch, startKey, recorder, lockCountsBefore, report } = this.#recording;
    this.#recording = undefined;
    this.#array.clock.hook = undefined;
    const stream = this.#design.ofStream(launch.ops);
    const { steps, startOwn, freeOwn } = recorder;
    const endKey = steps && this.#stateKey();
    if (steps === undefined || endKey === undefined || report === undefined) {
      stream.failures++;
      return;
    }
    this.#design.steps += steps.length;
    const hosts = { hostBytes: launch.host.map(({ bytes }) => bytes), hostWritten: writtenBy(steps) };
    // Compared most often with each other: one text is compared faster than two that are equal.
    const keys = { startKey, endKey: endKey === startKey ? startKey : endKey };
    const own = { startOwn, endOwn: this.#own.read(), freeOwn };
    const lockCounts = this.#lockCounts.since(lockCountsBefore);
    stream.tapes.push({ steps, ...hosts, ...keys, ...own, lockCounts, report: told(report) });
    this.#key = keys.endKey;
  }

  #link(recorded: RecordedTape): LaunchTape {
    const linked = this.#linked.get(recorded) ?? { plays: 0, tape: linkTape(recorded, this.#array) };
    this.#linked.set(recorded, linked);
    if (linked.plays++ === playsBeforeMirror) {
      linked.tape = withMirror(linked.tape, mostMirrorBytes - this.#mirrorBytes);
      this.#mirrorBytes += linked.tape.mirror?.bytes ?? 0;
    }
    return linked.tape;
  }

  /** Takes locks, DMAs and cores through what was played. */
  #catchUp(): void {
    this.#lockCounts.around(() => this.#rerunPlayed());
  }

  #rerunPlayed(): void {
    if (this.#played.length === 0) return;
    const { clock, controller } = this.#array;
    const { now } = clock;
    this.#own.write(this.#ownBefore);
    for (const { launch, tape } of this.#played.splice(0)) {
      clock.now = launch.at;
      clock.runStart = launch.at;
      clock.hook = new LaunchRerun({ steps: tape.steps, played: tape.steps.length }, this.#own);
      controller.start(launch.ops, launch.host);
      while (clock.step());
    }
    clock.hook = undefined;
    clock.now = now;
    clock.runStart = now;
  }
}

/** A report with all its parts, so that it holds nothing of the array. */
function told({ cycles, instructions, wordsMoved, tiles, openTransfers, warnings }: RunReport): RunReport {
  return { cycles, instructions, wordsMoved, tiles, openTransfers, warnings };
}
