import { expect, test } from "vitest";
import { parseModule } from "../parser/module.ts";
import { printModule } from "./module.ts";

const printed = (body: string): string => printModule(parseModule(body, "d.mlir"));
const roundTrip = (body: string): void => expect(printed(body)).toBe(body);

test("a name that is taken gets a number, and inner regions number on from outer ones", () => {
  const text = `module {
  aie.device(npu1_1col) {
    %tile_0_2 = aie.tile(0, 2)
    %lock_0_2 = aie.lock(%tile_0_2)
    %lock_0_2_0 = aie.lock(%tile_0_2)
    %lock_0_2_1 = aie.lock(%tile_0_2) {sym_name = "lock_0_2"}
    %core_0_2 = aie.core(%tile_0_2) {
      %c-3_i32 = arith.constant -3 : i32
      %c-3_i32_2 = arith.constant -3 : i32
      %true = arith.constant true
      %cst = arith.constant dense<[1, 2]> : vector<2xi32>
      aie.end
    }
  }
}
`;

  roundTrip(text);
});

test("a block that nothing branches to says so, a loop with arguments prints its terminator", () => {
  roundTrip(`module {
  func.func @f(%arg0: index, %arg1: i32) -> i32 {
    %c0 = arith.constant 0 : index
    %0 = scf.for %arg2 = %c0 to %arg0 step %arg0 iter_args(%arg3 = %arg1) -> (i32) {
      %2 = arith.addi %arg3, %arg1 overflow<nsw> : i32
      scf.yield %2 : i32
    }
    return %0 : i32
  ^bb1(%1: f32):  // no predecessors
    return %arg1 : i32
  }
}
`);
});

test("a loop over i32 names its type", () => {
  roundTrip(`module {
  func.func @f(%arg0: i32) {
    scf.for %arg1 = %arg0 to %arg0 step %arg0  : i32 {
    }
    return
  }
}
`);
});

test("a host buffer for traces says what is not as always: its argument, and never the only routing", () => {
  const sequence = (...hosts: readonly string[]): string => `module {
  aie.device(npu1) {
    aie.runtime_sequence(%arg0: memref<16xi32>) {
${hosts.map((host) => `      aie.trace.host_config ${host}\n`).join("")}    }
  }
}
`;

  const given = ["arg_idx = -1 routing = single", "routing = single", "arg_idx = 4", ""];
  const text = printed(sequence(...given.map((words) => `buffer_size = 64 ${words}`)));

  expect(text).toBe(sequence("buffer_size = 64 arg_idx = -1", ...Array(3).fill("buffer_size = 64")));
});

test("affine accesses keep their expressions", () => {
  roundTrip(`module {
  func.func @f(%arg0: memref<8x8xf32>) {
    affine.for %arg1 = 0 to 4 {
      affine.for %arg2 = 1 to 8 step 2 {
        %0 = affine.load %arg0[%arg1 + 1, %arg2 - %arg1] : memref<8x8xf32>
        affine.store %0, %arg0[%arg1, %arg1 * 2] : memref<8x8xf32>
      }
    }
    return
  }
}
`);
});

test("views with values among their constants, a switch with arguments, vector transfers with a mask", () => {
  roundTrip(`module {
  func.func @f(%arg0: memref<8x8xf32>, %arg1: index, %arg2: i32, %arg3: vector<4xi1>) {
    %cst = arith.constant 0.000000e+00 : f32
    %subview = memref.subview %arg0[%arg1, 0] [2, %arg1] [1, 1] : memref<8x8xf32> to memref<2x?xf32, strided<[8, 1], offset: ?>>
    %0 = vector.transfer_read %arg0[%arg1, %arg1], %cst, %arg3 {in_bounds = [true]} : memref<8x8xf32>, vector<4xf32>
    %alloc = memref.alloc(%arg1) : memref<?xf32>
    cf.switch %arg2 : i32, [
      default: ^bb1,
      -7: ^bb2(%arg2 : i32)
    ]
  ^bb1:  // pred: ^bb0
    return
  ^bb2(%1: i32):  // pred: ^bb0
    return
  }
}
`);
});

test("more than 100 values are written as little-endian hexadecimal, as MLIR does, and read back", () => {
  const values = Array.from({ length: 101 }, (_, i) => i - 50);
  const hex = Buffer.from(Int16Array.from(values).buffer).toString("hex").toUpperCase();

  const text = printed(`memref.global @t : memref<101xi16> = dense<[${values.join(", ")}]>`);

  expect(text).toBe(`module {\n  memref.global @t : memref<101xi16> = dense<"0x${hex}">\n}\n`);
  expect(printed(text)).toBe(text);
});

test("equal values are written once, floating-point data with their digits", () => {
  expect(printed("memref.global @t : memref<3xf32> = dense<[1.0, 1.0, 1.0]>")).toContain("dense<1.000000e+00>");
  expect(printed("memref.global @t : memref<2xbf16> = dense<[1.0, 0x4000]>")).toContain(
    "dense<[1.000000e+00, 2.000000e+00]>",
  );
});

test("a switch over an index writes each case on a line of its own", () => {
  roundTrip(`module {
  func.func @f(%arg0: index) -> i32 {
    %c4_i32 = arith.constant 4 : i32
    %0 = scf.index_switch %arg0 -> i32
    case -2 {
      %c8_i32 = arith.constant 8 : i32
      scf.yield %c8_i32 : i32
    }
    default {
      scf.yield %c4_i32 : i32
    }
    return %0 : i32
  }
}
`);
});
