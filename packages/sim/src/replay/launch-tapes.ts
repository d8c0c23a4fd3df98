import type { TxnOp } from "@aiekit/xclbin";
import type { ConfiguredArray } from "../array.ts";
import type { HostBuffer } from "../controller.ts";
import type { MeasuredRun } from "../run-report.ts";
import { restKey } from "./array-state.ts";
import { mirrored } from "./host-mirror.ts";
import { LaunchRecorder } from "./launch-recorder.ts";
import { LaunchRerun } from "./launch-rerun.ts";
import { areApart, fitsHost, type LaunchTape, writtenBy } from "./launch-tape.ts";
import { type GivenAndTaken, LockCounts } from "./lock-counts.ts";
import { OwnMemory } from "./own-memory.ts";
import type { TapePlay } from "./play-step.ts";

/** An instruction stream and the host memory of one launch. */
export interface Launch {
  readonly ops: readonly TxnOp[];
  readonly host: readonly HostBuffer[];
  /** Cycle at which it begins. */
  readonly at: number;
}

/** Recordings of one stream that came to nothing, or tapes that did not hold, after which it is left alone. */
const mostFailures = 3;
/**
 * States of the array from which a stream has a tape. Of every fifo with an odd number of objects in a launch the buffers change
 * their roles, and other streams change them too.
 */
const mostTapes = 16;

/** Of all tapes of an array together: some ten bytes a step, since equal steps are kept once. */
const mostSteps = 2_000_000;
const mostMirrorBytes = 32 * 2 ** 20;

/** What is known of the launches of one stream. */
interface StreamTapes {
  launches: number;
  failures: number;
  readonly tapes: LaunchTape[];
}

/** A launch under way that becomes a tape when all has come to rest behind it. */
interface Recording {
  readonly launch: Launch;
  readonly startKey: string;
  readonly recorder: LaunchRecorder;
  readonly lockCountsBefore: GivenAndTaken;
  measured?: MeasuredRun;
}

/**
 * The tapes of an array. The second launch of an instruction stream is recorded; later ones that begin in the same state are
 * played. What cores, DMAs and locks do, and when, follows from the stream, their state and the cycles of kernels, all of which
 * are compared: so a launch that is played leaves the bytes, cycles and counters that it would leave otherwise. Locks, DMAs and
 * cores themselves stay where they are meanwhile, and are brought to where they would be when they are needed.
 */
export class LaunchTapes {
  readonly #array: ConfiguredArray;
  readonly #own: OwnMemory;
  readonly #lockCounts: LockCounts;
  readonly #streams = new WeakMap<readonly TxnOp[], StreamTapes>();
  /** State of the array, with what has been played; undefined when it is not known. */
  #key: string | undefined;
  /** Launches that were played since the array itself was at work, up to where a state came again. */
  #played: { readonly launch: Launch; readonly tape: LaunchTape }[] = [];
  /** What cores' own buffers held before these. */
  #ownBefore: Uint32Array = new Uint32Array(0);
  #recording: Recording | undefined;
  /** Of all tapes. */
  #steps = 0;
  #mirrorBytes = 0;

  private constructor(array: ConfiguredArray, own: OwnMemory) {
    this.#array = array;
    this.#own = own;
    this.#lockCounts = new LockCounts(array);
  }

  /** Undefined for designs whose cores look at more than their own buffers, and for those with packets. */
  static of(array: ConfiguredArray): LaunchTapes | undefined {
    if (array.cores.some(({ program }) => program.ownBuffers === undefined)) return undefined;
    const hasPackets = array.channels().some(({ streams }) => streams.some(({ packetIds }) => packetIds.length > 0));
    if (hasPackets) return undefined;
    const uses = array.cores.flatMap((core) => [...core.program.ownBuffers!].map((buffer) => ({ core, buffer })));
    return new LaunchTapes(array, new OwnMemory(uses, ({ tile }) => array.tile(tile)));
  }

  /** The tape of a launch that begins now, before anything of it has been done. Without one the array is ready to do it. */
  begin(launch: Launch): LaunchTape | undefined {
    const stream = this.#streams.get(launch.ops) ?? { launches: 0, failures: 0, tapes: [] };
    this.#streams.set(launch.ops, stream);
    stream.launches++;
    this.#finishRecording();
    const startKey = stream.failures < mostFailures && stream.launches > 1 ? this.#stateKey() : undefined;
    const tape = stream.tapes.find(
      (one) => one.startKey === startKey && fitsHost(one, launch.host) && this.#own.holds(one.startOwn, one.freeOwn),
    );
    if (tape !== undefined) return tape;
    this.#catchUp();
    this.#key = undefined;
    // Which of them are written is not known yet.
    const hostIsApart = areApart([...launch.host.keys()], launch.host);
    if (startKey !== undefined && hostIsApart && stream.tapes.length < mostTapes && this.#steps < mostSteps) {
      const recorder = new LaunchRecorder(this.#own, launch.host);
      this.#recording = { launch, startKey, recorder, lockCountsBefore: this.#lockCounts.read() };
      this.#array.clock.hook = recorder;
    }
    return undefined;
  }

  /** The launch that `begin` gave no tape for, or one that differed from its tape, has ended. */
  ended(measured: MeasuredRun): void {
    if (this.#recording === undefined) {
      this.#array.clock.hook = undefined;
      return;
    }
    this.#recording.measured = measured;
    this.#recording.recorder.launchEnded();
  }

  /** All of a tape was played. */
  played(launch: Launch, tape: LaunchTape): void {
    this.#key = tape.endKey;
    this.#lockCounts.played(tape);
    if (this.#played.length === 0) {
      if (tape.endKey === tape.startKey) {
        this.#own.write(tape.endOwn);
        return;
      }
      this.#ownBefore = this.#own.read();
    }
    this.#own.write(tape.endOwn);
    this.#played.push({ launch, tape });
    const again = this.#played.findIndex(({ tape: { startKey } }) => startKey === tape.endKey);
    if (again >= 0) this.#played.length = again;
  }

  /** Of a launch only a part was played: it begins anew, and goes to where it is then without doing that again. */
  differed(launch: Launch, part: TapePlay): void {
    const stream = this.#streams.get(launch.ops)!;
    stream.failures++;
    if (stream.failures >= mostFailures) stream.tapes.length = 0;
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
    const { launch, startKey, recorder, lockCountsBefore, measured } = this.#recording;
    this.#recording = undefined;
    this.#array.clock.hook = undefined;
    const stream = this.#streams.get(launch.ops)!;
    const { steps: recorded, startOwn, freeOwn } = recorder;
    const endKey = recorded && this.#stateKey();
    if (recorded === undefined || endKey === undefined || measured === undefined) {
      stream.failures++;
      return;
    }
    const hostBytes = launch.host.map(({ bytes }) => bytes);
    // Compared most often with each other: one text is compared faster than two that are equal.
    const end = endKey === startKey ? startKey : endKey;
    const endOwn = this.#own.read();
    const { steps, mirror } = mirrored(recorded, launch.host, mostMirrorBytes - this.#mirrorBytes);
    this.#mirrorBytes += mirror?.bytes ?? 0;
    this.#steps += steps.length;
    const hosts = { hostBytes, hostWritten: writtenBy(recorded) };
    const lockCounts = this.#lockCounts.since(lockCountsBefore);
    const own = { startOwn, endOwn, freeOwn };
    stream.tapes.push({ steps, mirror, ...hosts, startKey, endKey: end, ...own, lockCounts, measured });
    this.#key = end;
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
