import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadArrayConfig } from "@aiekit/host";
import { type ExampleName, examples, printModule, registry } from "@aiekit/mlir";
import { lowerOwnModule, readOwnModule, resolveRequest } from "@aiekit/tools";
import { parseXml, type XmlElement } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { type ArrayPicture, arrayPicture } from "./array-picture.ts";
import { declaredTiles } from "./declared-tiles.ts";
import type { Rect, Segment } from "./geometry.ts";

const corpus = join(import.meta.dirname, "..", "..", "..", "..", "mlir", "fixtures", "conformance");
const draw = (text: string, file: string): ArrayPicture => {
  const source = { file, text, lowered: false };
  const own = readOwnModule(source);
  const declared = declaredTiles(own.device);
  return arrayPicture(loadArrayConfig(lowerOwnModule(own, source).lowered), { title: file, declared });
};

/** Designs of the corpus that the simulator takes, the examples, and those of the kernels. */
const pictures = new Map<string, { readonly text: string; readonly picture: ArrayPicture }>();
const refused: string[] = [];
for (const name of Object.keys(examples) as ExampleName[]) add(name, printModule(examples[name]("npu1_1col")));
for (const { name: kernel } of registry) {
  const { entry, device, params } = await resolveRequest({ kernel, target: "sim" });
  add(kernel, printModule(entry.design({ device, params }).module));
}
for (const file of readdirSync(corpus).filter((one) => /^(?!reject-)[^.]+\.mlir$/.test(one))) {
  const text = readFileSync(join(corpus, file), "utf8");
  if ((text.match(/aie\.device\(/g) ?? []).length !== 1) continue;
  try {
    add(file, text);
  } catch {
    refused.push(file);
  }
}
function add(name: string, text: string): void {
  pictures.set(name, { text, picture: draw(text, name) });
}

test("every design of the corpus is drawn, also the one whose core is an ELF file, but that with two cores on a tile", () => {
  expect(refused).toEqual(["odd-two-cores-on-one-tile.mlir"]);
  expect(pictures.size).toBeGreaterThan(150);
});

/** The lowering leaves no buffer and no allocation of them, by which links are named: a port of the first is written. */
const nameless = ["aie-stream-both-ends.mlir: objectFifo x", "odd-fifo-shim-to-shim.mlir: objectFifo i"];

test("every tile, and every objectFifo of which something is left by its name, is there by its name", () => {
  const missing: string[] = [];
  for (const [name, { text, picture }] of pictures) {
    const words = texts(parse(picture.svg)).map(({ text: one }) => one);
    const code = text.replace(/\/\/.*$/gm, "");
    for (const [, fifo] of code.matchAll(/aie\.objectfifo @(\w+)/g)) {
      const shown = words.some(
        (word) => word === fifo || word.startsWith(`${fifo}_cons:`) || word.startsWith(`${fifo}:`),
      );
      if (!shown) missing.push(`${name}: objectFifo ${fifo}`);
    }
    for (const [, col, row] of code.matchAll(/aie\.tile\((\d+), (\d+)\)/g)) {
      if (!words.some((word) => word.startsWith(`(${col},${row}) `))) missing.push(`${name}: tile (${col},${row})`);
    }
  }
  expect(missing).toEqual(nameless);
});

test("no box and no label lies on another, no line runs through a box or along a line of another link", () => {
  const wrong: string[] = [];
  for (const [name, { picture }] of pictures) {
    const { boxes, links } = picture.layout;
    const places = [...boxes, ...links.flatMap(({ labels }) => labels)];
    places.forEach((a, i) => {
      if (places.slice(i + 1).some((b) => overlap(a, b))) wrong.push(`${name}: place ${i} lies on another`);
    });
    const stretches = links.flatMap(({ segments }, link) =>
      segments.map((segment) => ({ link, rect: around(segment) })),
    );
    stretches.forEach(({ link, rect }, i) => {
      if (boxes.some((box) => overlap(rect, shrunk(box)))) wrong.push(`${name}: link ${link} runs through a box`);
      const along = stretches.slice(i + 1).find((other) => other.link !== link && runsAlong(rect, other.rect));
      if (along) wrong.push(`${name}: links ${link} and ${along.link} run along each other`);
    });
  }
  expect(wrong).toEqual([]);
});

test("a link's name covers no line that runs along a row, its own among them", () => {
  const wrong: string[] = [];
  for (const [name, { picture }] of pictures) {
    const { links } = picture.layout;
    const level = links.flatMap(({ segments }) =>
      segments.filter(({ from, to }) => from.y === to.y && from.x !== to.x),
    );
    for (const { link, labels } of links) {
      const covers = labels.some((label) => level.some((segment) => overlap(label, around(segment))));
      if (covers) wrong.push(`${name}: ${link.name}`);
    }
    expect(picture.svg.match(/class="label"/g) ?? []).toHaveLength(links.flatMap(({ labels }) => labels).length);
  }
  expect(wrong).toEqual([]);
});

test("the picture is well-formed XML, and its text stays in the picture and in the boxes, one line below the other", () => {
  const wrong: string[] = [];
  for (const [name, { picture }] of pictures) {
    const root = parse(picture.svg);
    const [width, height] = [numberOf(root, "width"), numberOf(root, "height")];
    for (const { x, y, end } of texts(root)) {
      if (x < 0 || end > width || y < 0 || y > height) wrong.push(`${name}: text out of the picture`);
    }
    for (const tile of root.children.filter((child) => attribute(child, "id")?.startsWith("tile-"))) {
      const [box] = tile.children;
      const [left, top] = [numberOf(box!, "x"), numberOf(box!, "y")];
      const [right, bottom] = [left + numberOf(box!, "width"), top + numberOf(box!, "height")];
      let last = top;
      for (const { x, y, end } of texts(tile)) {
        if (x < left || end > right || y - last < 9 || y > bottom)
          wrong.push(`${name}: text leaves ${attribute(tile, "id")}`);
        last = y;
      }
    }
  }
  expect(wrong).toEqual([]);
});

test("names that XML would take for markup are escaped", () => {
  const { text } = pictures.get("passthrough")!;
  const { svg } = draw(text, `a<b> & "c"`);

  expect(texts(parse(svg))[0]?.text).toBe(`a<b> & "c", npu1_1col`);
});

test("streams, shared memory and cascades are links from who sends to who receives", () => {
  const linksOf = (name: string) =>
    pictures.get(name)!.picture.links.map(({ name: link, kind, from, to }) => [link, kind, from, to]);
  const at = (col: number, row: number) => ({ col, row });

  expect(linksOf("split-and-join")).toEqual(
    expect.arrayContaining([
      ["in", "stream", at(0, 0), [at(0, 1)]],
      ["in_2", "stream", at(0, 1), [at(0, 2)]],
      ["out_3", "stream", at(0, 3), [at(0, 1)]],
      ["out", "stream", at(0, 1), [at(0, 0)]],
    ]),
  );
  expect(linksOf("neighbours")).toContainEqual(["between", "memory", at(0, 2), [at(0, 3)]]);
  expect(linksOf("cascade-south.mlir").filter(([, kind]) => kind === "cascade").length).toBe(1);
});

function parse(svg: string): XmlElement {
  return parseXml(new TextEncoder().encode(svg));
}

/** Text with its baseline and where it ends, if its font is 0.602 em wide as DejaVu Sans Mono is. */
function texts(root: XmlElement): { text: string; x: number; y: number; end: number }[] {
  const inside = root.children.flatMap(texts);
  if (root.name !== "text") return inside;
  const [x, y] = [numberOf(root, "x"), numberOf(root, "y")];
  return [{ text: root.text, x, y, end: x + 0.602 * numberOf(root, "font-size") * root.text.length }, ...inside];
}

function attribute({ attributes }: XmlElement, name: string): string | undefined {
  return attributes.find(([key]) => key === name)?.[1];
}

const numberOf = (element: XmlElement, name: string): number => Number(attribute(element, name));

function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** Ends of lines lie on the edges of boxes. */
function shrunk({ x, y, width, height }: Rect): Rect {
  return { x: x + 1, y: y + 1, width: width - 2, height: height - 2 };
}

/** A line 2 pixels wide. */
function around({ from, to }: Segment): Rect {
  const [x, y] = [Math.min(from.x, to.x) - 1, Math.min(from.y, to.y) - 1];
  return { x, y, width: Math.abs(from.x - to.x) + 2, height: Math.abs(from.y - to.y) + 2 };
}

/** Lines that cross share a square of 2 x 2 pixels. */
function runsAlong(a: Rect, b: Rect): boolean {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 && (width > 2.01 || height > 2.01);
}
