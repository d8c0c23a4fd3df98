import {
  CaseDesign,
  coreAt,
  give,
  randomFrom,
  type StandstillCase,
  take,
  words,
} from "./standstill-case.test-support.ts";

/** A core needs an object of each input for one output; the sequence awaits the output before it starts one of the inputs. */
export function waitsTooEarly(seed: number): StandstillCase {
  const random = randomFrom(seed);
  const [col, row, objects] = [random(2), 2 + random(4), 1 + random(4)];
  const late = random(2);
  const names = ["left", "right"];
  const write = (isRight: boolean): string => {
    const design = new CaseDesign(col);
    const [shim, tile] = [design.tile(0), design.tile(row)];
    const inputs = names.map((name) => design.fifo(name, shim, tile));
    const sums = design.fifo("sums", tile, shim);
    design.loop(tile, (core) => {
      for (const input of inputs) take(core, input);
      give(core, sums);
    });
    const size = objects * words;
    design.sequence({ a: size, b: size, c: size }, (s, host) => {
      const start = (i: number) => s.transfer({ fifo: inputs[i]!, buffer: i === 0 ? host.a! : host.b!, id: i });
      const receive = () => s.transfer({ fifo: sums, buffer: host.c!, id: 2 });
      receive();
      start(1 - late);
      if (isRight) start(late);
      s.wait(sums);
      if (!isRight) start(late);
      // Another round with the same BDs, before which the first has to be awaited.
      receive();
      start(0);
      start(1);
      s.wait(sums);
    });
    return design.text();
  };
  return {
    stands: write(false),
    legal: write(true),
    says: [
      "controller waits for a token of DMA S2MM 0 of tile",
      `(sums)`,
      `${coreAt({ col, row })} waits for a filled object of objectFifo ${names[late]}`,
      "which has nothing to send: the sequence starts it behind this wait",
      `circle: controller -(`,
    ],
    circle: ["controller", coreAt({ col, row })],
    hint: "the sequence waits too early",
    cure: "what frees it, run to its end: the wait for @sums (line ",
  };
}

/** The sequence awaits that all of the input is sent before it starts the transfer of the output. */
export function outputTooLate(seed: number): StandstillCase {
  const random = randomFrom(seed);
  const [col, row] = [random(2), 2 + random(4)];
  const objects = 8 + random(4);
  const write = (isRight: boolean): string => {
    const design = new CaseDesign(col);
    const [shim, tile] = [design.tile(0), design.tile(row)];
    const input = design.fifo("samples", shim, tile);
    const out = design.fifo("levels", tile, shim);
    design.loop(tile, (core) => {
      take(core, input);
      give(core, out);
    });
    const size = objects * words;
    design.sequence({ a: size, c: size }, (s, host) => {
      s.transfer({ fifo: input, buffer: host.a!, id: 0, issueToken: true });
      if (isRight) s.transfer({ fifo: out, buffer: host.c!, id: 1 });
      s.wait(input);
      if (!isRight) s.transfer({ fifo: out, buffer: host.c!, id: 1 });
      s.wait(out);
    });
    return design.text();
  };
  return {
    stands: write(false),
    legal: write(true),
    says: [
      "(samples)",
      `${coreAt({ col, row })} waits for a free object of objectFifo levels`,
      "has no task: the sequence starts it behind this wait",
    ],
    circle: ["controller", coreAt({ col, row })],
    hint: "the sequence waits too early",
    cure: "what frees it, run to its end: the wait for @samples (line ",
  };
}

/** One sequence sends the input, another takes the output; only the second is run. */
export function otherSequenceSends(seed: number): StandstillCase {
  const random = randomFrom(seed);
  const [col, row, objects] = [random(2), 2 + random(4), 1 + random(4)];
  const viaMemtile = random(2) === 0;
  const design = new CaseDesign(col);
  const [shim, tile] = [design.tile(0), design.tile(row)];
  const input = design.fifo("frames", shim, viaMemtile ? design.tile(1) : tile);
  const passed = viaMemtile ? design.fifo("framesIn", design.tile(1), tile) : input;
  if (viaMemtile) design.d.link({ inputs: [input], outputs: [passed] });
  const out = design.fifo("mels", tile, shim);
  design.loop(tile, (core) => {
    take(core, passed);
    give(core, out);
  });
  const size = objects * words;
  design.sequence({ a: size }, (s, host) => s.transfer({ fifo: input, buffer: host.a!, id: 0 }), "send");
  const receive = (name: string, isWhole: boolean): void =>
    design.sequence(
      { a: size, c: size },
      (s, host) => {
        if (isWhole) s.transfer({ fifo: input, buffer: host.a!, id: 0 });
        s.transfer({ fifo: out, buffer: host.c!, id: 1 });
        s.wait(out);
      },
      name,
    );
  receive("receive", false);
  receive("both", true);
  const text = design.text();
  return {
    stands: text,
    sequence: "receive",
    legal: text,
    legalSequence: "both",
    says: [
      `${coreAt({ col, row })} waits for a filled object of objectFifo ${viaMemtile ? "framesIn" : "frames"}`,
      `(frames), which has nothing to send: the sequence starts no transfer of it`,
    ],
    hint: "send as much as the cores need",
    cure: "sequences @send and @both start @frames",
  };
}

/** The sequence waits for a channel whose transfer has no token, or has none at all. */
export function wrongChannel(seed: number): StandstillCase {
  const random = randomFrom(seed);
  const [col, row] = [random(2), 2 + random(4)];
  const design = new CaseDesign(col);
  const [shim, tile] = [design.tile(0), design.tile(row)];
  const input = design.fifo("words", shim, tile);
  const out = design.fifo("letters", tile, shim);
  const objects = 1 + random(4);
  design.loop(tile, (core) => {
    take(core, input);
    give(core, out);
  });
  const size = objects * words;
  design.sequence({ a: size, c: size }, (s, host) => {
    s.transfer({ fifo: input, buffer: host.a!, id: 0 });
    s.transfer({ fifo: out, buffer: host.c!, id: 1 });
    s.wait(out);
  });
  const legal = design.text();
  const wait = /aiex\.npu\.dma_wait[^\n]*/;
  const sync = (direction: number, channel: number): string =>
    `aiex.npu.sync {channel = ${channel} : i32, column = ${col} : i32, column_num = 1 : i32, direction = ${direction} : i32, row = 0 : i32, row_num = 1 : i32}`;
  const mistake = random(3);
  const [direction, channel] = [
    [0, 1],
    [1, 0],
    [1, 1],
  ][mistake]!;
  const said = [
    `a token of DMA S2MM 1 of tile (${col},0), which has no task`,
    `a token of DMA MM2S 0 of tile (${col},0) (words), whose tasks have ended without one`,
    `a token of DMA MM2S 1 of tile (${col},0), which has no task`,
  ];
  return {
    stands: legal.replace(wait, sync(direction!, channel!)),
    legal,
    says: [
      said[mistake]!,
      `no wait has taken the token of DMA S2MM 0 of tile (${col},0) (letters)`,
      "why: no task that was started sends the token",
    ],
    hint: "wait for a channel that a task with a token",
    cure: "no depth frees it",
  };
}
