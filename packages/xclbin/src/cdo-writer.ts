import { type CdoCommand, type CdoFile, cdoCodes, cdoHeaderBytes } from "./cdo.ts";

const longPayload = 255;

/** Bytes of a CDO, every command encoded anew in the form it was read in. The header's length and sum are computed. */
export function writeCdo({ version, identifier, commands, trailing }: Omit<CdoFile, "offsets">): Uint8Array {
  const words = commands.flatMap((command) => commandWords(command));
  const head = [4, identifier, version, words.length];
  const sum = ~head.reduce((total, word) => total + word, 0) >>> 0;
  const bytes = new Uint8Array(cdoHeaderBytes + words.length * 4 + trailing.length);
  const view = new DataView(bytes.buffer);
  [...head, sum].forEach((word, i) => {
    view.setUint32(i * 4, word, true);
  });
  words.forEach((word, i) => {
    view.setUint32(cdoHeaderBytes + i * 4, word, true);
  });
  bytes.set(trailing, cdoHeaderBytes + words.length * 4);
  return bytes;
}

function commandWords(command: CdoCommand): number[] {
  const { id, payload } = encoded(command);
  const isLong = command.longForm === true || payload.length >= longPayload;
  const head = isLong ? [(longPayload << 16) | id, payload.length] : [(payload.length << 16) | id];
  // Not spread: a program is thousands of words.
  return head.concat(payload);
}

function encoded(command: CdoCommand): { readonly id: number; readonly payload: number[] } {
  switch (command.command) {
    case "write": {
      const { wide, address, value } = command;
      return wide
        ? { id: cdoCodes.write64, payload: [...halves(address), value] }
        : { id: cdoCodes.write, payload: [address, value] };
    }
    case "maskWrite": {
      const { wide, address, mask, value } = command;
      return wide
        ? { id: cdoCodes.maskWrite64, payload: [...halves(address), mask, value] }
        : { id: cdoCodes.maskWrite, payload: [address, mask, value] };
    }
    case "dmaWrite":
      return { id: cdoCodes.dmaWrite, payload: halves(command.address).concat(wordsOf(command.data)) };
    case "nop": {
      const payload = command.payload === undefined ? Array<number>(command.words).fill(0) : wordsOf(command.payload);
      return { id: cdoCodes.nop, payload };
    }
    case "other":
      return { id: command.id, payload: wordsOf(command.payload) };
  }
}

function halves(address: number): number[] {
  return [Math.floor(address / 2 ** 32), address % 2 ** 32];
}

function wordsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true));
}
