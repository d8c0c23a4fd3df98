/** Folder of the compiler's tree in which the headers lie. */
export const coreHeadersFolder = "core-headers";

/**
 * Standard headers that kernels for AIE cores include and a freestanding compiler does not have: path for a compile job ->
 * text. They declare what a core can do without a C library; `stdio.h` is there to be included and declares nothing.
 */
export function coreHeaders(): ReadonlyMap<string, string> {
  const texts = Object.entries(headers).map(([name, text]) => [
    `${coreHeadersFolder}/${name}`,
    `#pragma once\n${text}`,
  ]);
  return new Map(texts as [string, string][]);
}

const headers: Readonly<Record<string, string>> = {
  "stdio.h": "#include <stddef.h>\n",
  cstdio: "#include <stddef.h>\n",
  "stdlib.h": `#include <stddef.h>
extern "C" inline int abs(int value) { return value < 0 ? -value : value; }
`,
  cstdlib: "#include <stdlib.h>\n",
  "string.h": `#include <stddef.h>
extern "C" inline void *memcpy(void *to, const void *from, size_t bytes) { return __builtin_memcpy(to, from, bytes); }
extern "C" inline void *memset(void *to, int value, size_t bytes) { return __builtin_memset(to, value, bytes); }
`,
  cstring: "#include <string.h>\nnamespace std {\nusing ::memcpy;\nusing ::memset;\n}\n",
  cstddef: "#include <stddef.h>\nnamespace std {\nusing ::ptrdiff_t;\nusing ::size_t;\n}\n",
  cstdint: `#include <stdint.h>
namespace std {
using ::int8_t, ::int16_t, ::int32_t, ::int64_t, ::uint8_t, ::uint16_t, ::uint32_t, ::uint64_t;
using ::intptr_t, ::uintptr_t;
}
`,
  type_traits: `namespace std {
template <class T, T v> struct integral_constant { static constexpr T value = v; using type = integral_constant; };
template <bool v> using bool_constant = integral_constant<bool, v>;
using true_type = bool_constant<true>;
using false_type = bool_constant<false>;
template <bool c, class T, class F> struct conditional { using type = T; };
template <class T, class F> struct conditional<false, T, F> { using type = F; };
template <bool c, class T, class F> using conditional_t = typename conditional<c, T, F>::type;
template <bool c, class T = void> struct enable_if {};
template <class T> struct enable_if<true, T> { using type = T; };
template <bool c, class T = void> using enable_if_t = typename enable_if<c, T>::type;
template <class T> struct remove_cv { using type = __remove_cv(T); };
template <class T> using remove_cv_t = typename remove_cv<T>::type;
template <class T> struct remove_reference { using type = __remove_reference_t(T); };
template <class T> using remove_reference_t = typename remove_reference<T>::type;
template <class A, class B> struct is_same : bool_constant<__is_same(A, B)> {};
template <class A, class B> inline constexpr bool is_same_v = __is_same(A, B);
template <class T> struct is_integral : bool_constant<__is_integral(T)> {};
template <class T> inline constexpr bool is_integral_v = __is_integral(T);
template <class T> struct is_floating_point : bool_constant<__is_floating_point(T)> {};
template <class T> inline constexpr bool is_floating_point_v = __is_floating_point(T);
template <class T> struct is_signed : bool_constant<__is_signed(T)> {};
template <class T> inline constexpr bool is_signed_v = __is_signed(T);
}
`,
};
