/** Most idle cycles in one frame, and cycles that a sync frame stands for. Source: mlir-aie, python/utils/trace. */
const longestGap = 0x3_ffff;
const mostRepeats = 1023;
const padByte = 0xfe;
const padWord = 0xfefe_fefe;
/** Words of data in a packet. Source: AM020 1.3, Trace. */
export const packetDataWords = 7;

/**
 * Packs what the slots of a unit see into frames of mode event-time and these into the data of packets. No frame crosses a word,
 * but the start, which takes two. Times never go back. Source of the codes: mlir-aie, python/utils/trace; AM020 1.3, Trace.
 */
export class FrameEncoder {
  readonly #send: (words: readonly number[]) => void;
  #words: number[] = [];
  #word = 0;
  /** Bytes of `#word` that are taken. */
  #bytes = 0;
  /** Cycle of the frame before. */
  #before = 0;
  /** Slots of the frame before where it came without idle cycles before it, so that it can be repeated. */
  #slots = 0;
  #repeats = 0;

  /** `send` is given the data of each packet that is full. */
  constructor(send: (words: readonly number[]) => void) {
    this.#send = send;
  }

  /** Words that wait for their packet to be full, the one that is begun included. */
  get waitingWords(): number {
    return this.#words.length + (this.#bytes > 0 || this.#repeats > 0 ? 1 : 0);
  }

  /** The unit begins, at a cycle of the array in which its timer is `timer`. */
  start(timer: number, at: number): void {
    this.#endRepeats();
    this.#padWord();
    this.#putWord((0xf000_0000 + Math.floor(timer / 2 ** 32)) >>> 0);
    this.#putWord(timer >>> 0);
    this.#before = at;
    this.#slots = 0;
  }

  /** The events of `slots` (bit i is slot i) are active from a cycle on, for some cycles. */
  active(slots: number, from: number, cycles: number): void {
    let at = from;
    const end = from + cycles;
    if (at > this.#before + 1 || slots !== this.#slots) this.#frame(slots, at++);
    // What was sent with idle cycles before it would be repeated with these.
    if (at < end && this.#slots !== slots) this.#frame(slots, at++);
    this.#repeats += end - at;
    if (end > at) this.#before = end - 1;
  }

  /** The unit stops: what is left goes as a packet, filled by pads and zeros. */
  stop(): void {
    this.#endRepeats();
    this.#padWord();
    this.#slots = 0;
    if (this.#words.length === 0) return;
    this.#putWord(padWord);
    while (this.#words.length > 0) this.#putWord(0);
  }

  #frame(slots: number, at: number): void {
    this.#endRepeats();
    let gap = at - this.#before - 1;
    for (; gap > longestGap; gap -= longestGap) this.#put(0xff, 1);
    this.#before = at;
    this.#slots = gap === 0 ? slots : 0;
    const slot = 31 - Math.clz32(slots);
    if (slots === 1 << slot) {
      if (gap < 2 ** 4) this.#put((slot << 4) | gap, 1);
      else if (gap < 2 ** 10) this.#put((0b100 << 13) | (slot << 10) | gap, 2);
      else this.#put((0b101 << 21) | (slot << 18) | gap, 3);
      return;
    }
    if (gap < 2 ** 4) this.#put((0b1100 << 12) | (slots << 4) | gap, 2);
    else if (gap < 2 ** 10) this.#put((0b110100 << 18) | (slots << 10) | gap, 3);
    else this.#put(((0b110101 << 26) | (slots << 18) | gap) >>> 0, 4);
  }

  #endRepeats(): void {
    for (; this.#repeats > 15; this.#repeats -= Math.min(this.#repeats, mostRepeats)) {
      this.#put((0b110110 << 10) | Math.min(this.#repeats, mostRepeats), 2);
    }
    if (this.#repeats > 0) this.#put((0b1110 << 4) | this.#repeats, 1);
    this.#repeats = 0;
  }

  #put(frame: number, bytes: number): void {
    if (this.#bytes + bytes > 4) this.#padWord();
    this.#word = (this.#word * 2 ** (8 * bytes) + frame) >>> 0;
    this.#bytes += bytes;
    if (this.#bytes === 4) this.#padWord();
  }

  #padWord(): void {
    if (this.#bytes === 0) return;
    for (; this.#bytes < 4; this.#bytes++) this.#word = ((this.#word << 8) | padByte) >>> 0;
    this.#bytes = 0;
    const word = this.#word;
    this.#word = 0;
    this.#putWord(word);
  }

  #putWord(word: number): void {
    this.#words.push(word);
    if (this.#words.length < packetDataWords) return;
    this.#send(this.#words);
    this.#words = [];
  }
}
