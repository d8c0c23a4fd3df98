import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { lowerDesign } from "../lowering/lower-design.ts";
import { parseModule } from "../parser/module.ts";
import { printModule } from "../printer/module.ts";
import { verify } from "../verifier/verify.ts";

const page = readFileSync(new URL("../../../docs/dialect.md", import.meta.url), "utf8");
const object = "!aie.objectfifo<memref<64xi32>>";
const subview = "!aie.objectfifosubview<memref<64xi32>>";

/** A device with some tiles, a buffer and a fifo, and `text`. */
const device = (text: string): string => `module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %mem = aie.tile(0, 1)
    %a = aie.tile(0, 2)
    %b = aie.tile(0, 3)
    %far = aie.tile(0, 5)
    %buffer = aie.buffer(%a) {sym_name = "buffer"} : memref<64xi32>
    aie.objectfifo @f(%shim, {%a}, 2 : i32) : ${object}
    aie.shim_dma_allocation @host(%shim, MM2S, 1)
    ${text}
  }
}`;
const program = (bd: string): string => `%lock = aie.lock(%a, 0)
    %dma = aie.mem(%a) {
      %0 = aie.dma_start(S2MM, 0, ^bb1, ^bb2)
    ^bb1:
      ${bd}
      aie.next_bd ^bb2
    ^bb2:
      aie.end
    }`;
const bds = (count: number): string =>
  Array.from({ length: count }, (_, i) => {
    const next = i + 1 < count ? `^bb${i + 2}` : "^bb1";
    return `^bb${i + 1}:\n aie.dma_bd(%buffer : memref<64xi32>, 0, 4)\n aie.next_bd ${next}`;
  }).join("\n");
const core = (tile: string, body: string): string => `%core = aie.core(%${tile}) {\n${body}\naie.end\n}`;
const transfer = (pattern: string, more = "", id = 0): string =>
  `aie.runtime_sequence @run(%arg: memref<64xi32>) {
      aiex.npu.dma_memcpy_nd(%arg${pattern}) {id = ${id} : i64, metadata = @host${more}} : memref<64xi32>
    }`;
const join = (offsets: string): string => `
    aie.objectfifo @left(%a, {%mem}, 2 : i32) : !aie.objectfifo<memref<32xi32>>
    aie.objectfifo @right(%b, {%mem}, 2 : i32) : !aie.objectfifo<memref<32xi32>>
    aie.objectfifo @whole(%mem, {%shim}, 2 : i32) : ${object}
    aie.objectfifo.link [@left, @right] -> [@whole] (${offsets} [])`;
const acquire = (count: number, port = "Consume"): string =>
  `%v = aie.objectfifo.acquire @f(${port}, ${count}) : ${subview}`;

/** What the page says is refused -> a design that is refused for it. */
const refused: Readonly<Record<string, string>> = {
  "a column that the device does not have": "%t = aie.tile(1, 2)",
  "a buffer on a shim tile": "%t = aie.buffer(%shim) : memref<4xi32>",
  "a buffer used by a core that cannot reach it": core(
    "far",
    "%i = arith.constant 0 : index\n%x = memref.load %buffer[%i] : memref<64xi32>",
  ),
  "lock 16 of a compute tile": "%l = aie.lock(%a, 16)",
  "`repeat_count` at a shim producer": `aie.objectfifo @g(%shim, {%b}, 2 : i32) {repeat_count = 2 : i32} : ${object}`,
  "a layout at a shim end": `aie.objectfifo @g(%shim dimensionsToStream [<size = 64, stride = 1>], {%b}, 2 : i32) : ${object}`,
  "depths for other ends than there are": `aie.objectfifo @g(%shim, {%b}, [2, 2, 2]) : ${object}`,
  "`iter_count` without a memtile": `aie.objectfifo @g(%shim, {%b}, 2 : i32) {iter_count = 2 : i32} : ${object}`,
  "join or distribute at a compute tile": `aie.objectfifo @g(%a, {%b}, 2 : i32) : ${object}
    aie.objectfifo @h(%a, {%far}, 2 : i32) : ${object}
    aie.objectfifo.link [@f] -> [@g, @h] ([] [0, 32])`,
  "a link of fifos that share no tile": `aie.objectfifo @g(%b, {%far}, 2 : i32) : ${object}
    aie.objectfifo.link [@f] -> [@g] ([] [])`,
  "acquire by a core at neither end": core("a", acquire(1, "Produce")),
  "object 1 of an acquire of 1": core(
    "a",
    `${acquire(1)}\n%o = aie.objectfifo.subview.access %v[1] : ${subview} -> memref<64xi32>`,
  ),
  "a call of nothing": core("a", "func.call @absent() : () -> ()"),
  "17 BDs in a compute tile": `%dma = aie.mem(%a) {\n%0 = aie.dma_start(S2MM, 0, ^bb1, ^end)\n${bds(17)}\n^end:\naie.end\n}`,
  "two acquires in one BD block": program(`aie.use_lock(%lock, AcquireGreaterEqual, 1)
      aie.use_lock(%lock, AcquireGreaterEqual, 1)
      aie.dma_bd(%buffer : memref<64xi32>, 0, 64)`),
  "3 bytes in a BD": `%bytes = aie.buffer(%a) : memref<64xi8>\n${program("aie.dma_bd(%bytes : memref<64xi8>, 0, 3)")}`,
  "four dimensions in a compute tile": program(
    `aie.dma_bd(%buffer : memref<64xi32>, 0, 64, [${"<size = 2, stride = 1>, ".repeat(3)}<size = 8, stride = 1>])`,
  ),
  "strides that leave the buffer": program(
    "aie.dma_bd(%buffer : memref<64xi32>, 0, 64, [<size = 2, stride = 33>, <size = 32, stride = 1>])",
  ),
  "a size of 513": `%long = aie.buffer(%a) : memref<513xi32>
    ${program("aie.dma_bd(%long : memref<513xi32>, 0, 513, [<size = 513, stride = 1>])")}`,
  "padding in a compute tile": program(
    "aie.dma_bd(%buffer : memref<64xi32>, 0, 64, [<size = 62, stride = 1>], [<const_pad_before = 1, const_pad_after = 1>])",
  ),
  "a cascade between tiles that do not touch": "aie.cascade_flow(%far, %a)",
  "a host transfer of 1,024 rows": transfer("[0, 0, 0, 0][1, 1, 1024, 1][0, 0, 1, 1]"),
  "a host transfer of 2 bytes in a row": `aie.runtime_sequence @run(%arg: memref<64xi16>) {
      aiex.npu.dma_memcpy_nd(%arg[0, 0, 0, 0][1, 1, 8, 1][0, 0, 8, 1]) {id = 0 : i64, metadata = @host} : memref<64xi16>
    }`,
  "waiting for a symbol that is not there": "aie.runtime_sequence @run() {\naiex.npu.dma_wait {symbol = @absent}\n}",
  "lowering: buffers and stack over 64 KiB": "%big = aie.buffer(%b) : memref<20000xi32>",
  "lowering: a fifo in two links": `aie.objectfifo @g(%a, {%b}, 2 : i32) : ${object}
    aie.objectfifo @h(%a, {%far}, 2 : i32) : ${object}
    aie.objectfifo.link [@f] -> [@g] ([] [])
    aie.objectfifo.link [@f] -> [@h] ([] [])`,
  "lowering: a release of what is not held, before an acquire": core(
    "a",
    `${acquire(1)}\naie.objectfifo.release @f(Consume, 2)\n${acquire(1).replace("%v", "%w")}`,
  ),
};

/** What the page says is warned about -> a design with that warning. */
const warned: Readonly<Record<string, string>> = {
  "two declarations of one tile": "%a2 = aie.tile(0, 2)",
  "two cores on one tile": "aie.core(%a) {\naie.end\n}\naie.core(%a) {\naie.end\n}",
  "a lock that starts above 63": "%l = aie.lock(%a, 0) {init = 64 : i32}",
  "a channel that is not there": program("aie.dma_bd(%buffer : memref<64xi32>, 0, 64)").replace("S2MM, 0", "S2MM, 2"),
  "a channel that is started twice": `%dma = aie.mem(%a) {
      %0 = aie.dma_start(S2MM, 0, ^bb1, ^bb2)
    ^bb1:
      aie.dma_bd(%buffer : memref<64xi32>, 0, 64)
      aie.next_bd ^bb4
    ^bb2:
      %1 = aie.dma_start(S2MM, 0, ^bb3, ^bb4)
    ^bb3:
      aie.dma_bd(%buffer : memref<64xi32>, 0, 64)
      aie.next_bd ^bb4
    ^bb4:
      aie.end
    }`,
  "a repeat count of 256": program("aie.dma_bd(%buffer : memref<64xi32>, 0, 64)").replace(
    "^bb1, ^bb2",
    "^bb1, ^bb2, repeat_count = 256",
  ),
  "a chain with a block without a BD": program("aie.use_lock(%lock, AcquireGreaterEqual, 1)"),
  "a BD that reaches over the end of its buffer": program("aie.dma_bd(%buffer : memref<64xi32>, 0, 128)"),
  "sizes that are not the length": program("aie.dma_bd(%buffer : memref<64xi32>, 0, 64, [<size = 32, stride = 1>])"),
  "a wrap of 256 in a compute tile": `%long = aie.buffer(%a) : memref<512xi32>
    ${program("aie.dma_bd(%long : memref<512xi32>, 0, 512, [<size = 2, stride = 256>, <size = 256, stride = 1>])")}`,
  "a fifo from shim to shim": `aie.objectfifo @g(%shim, {%shim}, 2 : i32) : ${object}`,
  "more objects acquired than there are": core("a", acquire(3)),
  "more objects released than are held": core("a", `${acquire(1)}\naie.objectfifo.release @f(Consume, 2)`),
  "a host transfer beyond its buffer": transfer("[0, 0, 0, 0][1, 1, 1, 128][0, 0, 0, 1]"),
  "BD 16 of a shim tile": transfer("[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]", "", 16),
  "a part of a link that its offsets cut short": join("[0, 24]"),
  "a word behind a parameter's buffer": "aie.runtime_sequence @run() { aiex.npu.rtp_write(@buffer, 64, 1) }",
  "a task that runs 301 times": `aie.runtime_sequence @run(%arg: memref<64xi32>) {
      %t = aiex.dma_configure_task_for @host {
        aie.dma_bd(%arg : memref<64xi32>, 0, 64)
        aie.end
      } {repeat_count = 300 : i32}
    }`,
  "lowering: two locks with more objects than a channel has buffers": `%x = aie.buffer(%b) {sym_name = "x"} : memref<64xi32>
    %y = aie.buffer(%b) {sym_name = "y"} : memref<64xi32>
    %free = aie.lock(%b, 0) {init = 3 : i32, sym_name = "free"}
    %full = aie.lock(%b, 1) {init = 0 : i32, sym_name = "full"}
    %dma = aie.mem(%b) {
      %0 = aie.dma_start(S2MM, 0, ^bb1, ^bb3)
    ^bb1:
      aie.use_lock(%free, AcquireGreaterEqual, 1)
      aie.dma_bd(%x : memref<64xi32>, 0, 64)
      aie.use_lock(%full, Release, 1)
      aie.next_bd ^bb2
    ^bb2:
      aie.use_lock(%free, AcquireGreaterEqual, 1)
      aie.dma_bd(%y : memref<64xi32>, 0, 64)
      aie.use_lock(%full, Release, 1)
      aie.next_bd ^bb1
    ^bb3:
      aie.end
    }
    ${core("b", "aie.use_lock(%full, AcquireGreaterEqual, 1)\naie.use_lock(%free, Release, 1)")}`,
  "lowering: an output that no wait of the sequence tells of": `aie.shim_dma_allocation @out(%shim, S2MM, 0)
    aie.runtime_sequence @run(%r: memref<64xi32>) {
      aiex.npu.dma_memcpy_nd(%r[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]) {id = 1 : i64, metadata = @out} : memref<64xi32>
    }`,
};

test.each(rowsOf("## What is refused"))("the page says why %s is refused: %s", (what, message) => {
  expect(Object.keys(refused)).toContain(what);
  const module = parseModule(device(refused[what] ?? ""), "design.mlir");

  const errors = verify(module).flatMap((d) => (d.severity === "error" ? [d.message] : []));

  if (what?.startsWith("lowering: ")) {
    expect(errors).toEqual([]);
    expect(() => lowerDesign(module)).toThrow(message);
  } else expect(errors.join("\n")).toContain(message);
});

test.each(rowsOf("## What the tool accepts"))("the page says what the warning is for %s: %s", (what, message) => {
  expect(Object.keys(warned)).toContain(what);

  const module = parseModule(device(warned[what] ?? ""), "design.mlir");
  const found = what?.startsWith("lowering: ") ? lowerDesign(module).warnings : verify(module);

  expect(found.filter((d) => d.severity === "error")).toEqual([]);
  expect(found.map((d) => d.message).join("\n")).toContain(message);
});

test("the page's text of 2025 becomes its text of 2026, which alone is read as 2026", () => {
  const [older = "", newer = ""] = [...page.matchAll(/```mlir\n([\s\S]*?)```/g)].map((block) => block[1] ?? "");

  expect(printModule(parseModule(older, "2025.mlir")).trim()).toBe(newer.trim());
  expect(printModule(parseModule(newer, "2026.mlir", { spelling: "2026" })).trim()).toBe(newer.trim());
  expect(() => parseModule(older, "2025.mlir", { spelling: "2026" })).toThrow();
});

/** First and second column of the table below a heading; code marks are taken off the second. */
function rowsOf(heading: string): string[][] {
  const section = page.slice(page.indexOf(heading)).split("\n## ")[0] ?? "";
  const rows = [...section.matchAll(/^\| (.*?) \| (.*?) \|/gm)].slice(1);
  return rows.map(([, what = "", message = ""]) => [what, message.replace(/^`` ?| ?``$|^`|`$/g, "")]);
}
