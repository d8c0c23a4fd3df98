import { expect, test } from "vitest";
import { conformanceDesigns, conformanceStage, conformanceText } from "../../lowering/conformance.test-support.ts";
import { parseModule } from "../../parser/module.ts";
import { verify } from "../verify.ts";

/** Designs whose transfers the tool refuses as soon as their fifos have become shim allocations. */
const refused = conformanceDesigns().filter(
  ({ name, rejectedAt }) =>
    rejectedAt === "addresses" && (conformanceStage(name, rejectedAt).error ?? "").includes("aiex.npu.dma_memcpy_nd"),
);

/** The design with allocations in place of its fifos: what the objectFifo lowering makes of them. */
function withAllocations(text: string): string {
  return text
    .replace(/aie\.objectfifo @in\(%s,.*/, "aie.shim_dma_allocation @in(%s, MM2S, 0)")
    .replace(/aie\.objectfifo @out\(.*/, "aie.shim_dma_allocation @out(%s, S2MM, 0)")
    .replace(/aie\.objectfifo\.link.*/, "");
}

test("the tool refuses eleven designs for the sizes and strides of a host transfer", () => {
  expect(refused).toHaveLength(11);
});

test.each(refused)("$name: the tool's words, once the metadata is a shim allocation", ({ name }) => {
  const expected = /'aiex\.npu\.dma_memcpy_nd' op (.*)$/.exec(conformanceStage(name, "addresses").error ?? "")?.[1];
  const text = conformanceText(`${name}.mlir`);

  const before = verify(parseModule(text, name)).filter(({ severity }) => severity === "error");
  const after = verify(parseModule(withAllocations(text), name)).filter(({ severity }) => severity === "error");

  expect(before).toEqual([]);
  expect(after[0]?.message).toBe(expected);
});

test.each([
  ["i16", 1, "it begins at byte 2: make the offset in elements a multiple of 2"],
  ["i8", 6, "it begins at byte 6: make the offset in elements a multiple of 4"],
])("an offset of %s inside a word, element %i, is told with its byte and what fits", (element, offset, hint) => {
  const text = `module { aie.device(npu1_1col) {
    %s = aie.tile(0, 0)
    aie.shim_dma_allocation @host(%s, MM2S, 0)
    aie.runtime_sequence @run(%a: memref<64x${element}>) {
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, ${offset}][1, 1, 1, 8][0, 0, 0, 1]) {id = 0 : i64, metadata = @host} : memref<64x${element}>
    }
  } }`;

  const [found] = verify(parseModule(text, "t.mlir"));

  expect(found).toMatchObject({ message: "Offset must be 4-byte-aligned.", hint });
});
