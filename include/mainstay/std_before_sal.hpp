// Reads those standard headers that use __in and __out as names of parameters, before windows.h makes these words
// disappear. Read later, they find their include guards set and do nothing.
//
// Chosen by compiling every standard header after windows.h under each language version; <regex> brings most of
// the others. libc++ never uses the words, so only libstdc++ pays for this.
#ifndef MAINSTAY_STD_BEFORE_SAL_HPP
#define MAINSTAY_STD_BEFORE_SAL_HPP

extern "C++" {

#include <string>  // tells which standard library this is

#ifdef __GLIBCXX__
#include <algorithm>
#include <istream>
#include <locale>
#include <memory>
#include <regex>
#include <thread>
#include <tuple>
#if __cplusplus >= 202002L
#include <chrono>
#include <ranges>
#if __has_include(<format>)
#include <format>
#endif
#if __cplusplus > 202002L && __has_include(<print>)
#include <print>
#endif
#endif
#endif

}

#endif
