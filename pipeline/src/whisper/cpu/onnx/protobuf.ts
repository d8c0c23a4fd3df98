/** Encodes one message's fields as protocol buffers have them on the wire. Source: protobuf.dev, "Encoding". */
export class ProtoMessage {
  readonly #parts: Uint8Array[] = [];
  #size = 0;

  /** An integer; negative ones take ten bytes, as int64 does. */
  int(field: number, value: number | bigint): this {
    return this.#add(varint((field << 3) | 0)).#add(varint(value));
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#add(varint((field << 3) | 5)).#add(bytes);
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#add(varint((field << 3) | 2))
      .#add(varint(value.length))
      .#add(value);
  }

  string(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, "utf8"));
  }

  message(field: number, value: ProtoMessage): this {
    return this.bytes(field, value.encoded());
  }

  encoded(): Uint8Array {
    const all = new Uint8Array(this.#size);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  #add(part: Uint8Array): this {
    this.#parts.push(part);
    this.#size += part.length;
    return this;
  }
}

/** Seven bits a byte, least significant first; the top bit says that more follow. */
function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
