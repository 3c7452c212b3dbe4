/* SPDX-License-Identifier: MIT */
/*
 * test_json.c - wire/json: texts that must be refused (n_) and accepted (y_), what
 * is printed for them, and the questions one can ask of a tree.
 *
 * With JSON_SUITE=<folder of n_*.json and y_*.json> that suite is run too. Two of
 * its y_ files repeat a member's name, which I-JSON forbids: they must be refused.
 */
#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "check.h"
#include "scarce.h"
#include "wire/json.h"

#define TEXT(s)		(s), sizeof(s) - 1

struct refused {
	const char	*name;
	const char	*bytes;
	size_t		 length;
};

struct accepted {
	const char	*name;
	const char	*bytes;
	size_t		 length;
	const char	*print;		/* NULL: the same bytes */
};

static const struct refused refused[] = {
	/* Numbers. */
	{ "n_number_plus", TEXT("+1") },
	{ "n_number_plus_in_array", TEXT("[+1]") },
	{ "n_number_minus_alone", TEXT("-") },
	{ "n_number_minus_in_array", TEXT("[-]") },
	{ "n_number_two_minus", TEXT("--1") },
	{ "n_number_minus_space", TEXT("- 1") },
	{ "n_number_minus_letter", TEXT("-a") },
	{ "n_number_plus_minus", TEXT("+-1") },
	{ "n_number_leading_zero", TEXT("01") },
	{ "n_number_leading_zero_in_array", TEXT("[012]") },
	{ "n_number_minus_leading_zero", TEXT("-01") },
	{ "n_number_two_zeros", TEXT("00") },
	{ "n_number_minus_two_zeros", TEXT("-00") },
	{ "n_number_leading_zero_real", TEXT("01.5") },
	{ "n_number_leading_zero_exponent", TEXT("00e1") },
	{ "n_number_point_first", TEXT(".5") },
	{ "n_number_minus_point", TEXT("-.5") },
	{ "n_number_point_last", TEXT("1.") },
	{ "n_number_zero_point", TEXT("0.") },
	{ "n_number_minus_zero_point", TEXT("-0.") },
	{ "n_number_point_exponent", TEXT("1.e1") },
	{ "n_number_zero_point_exponent", TEXT("[0.E1]") },
	{ "n_number_point_alone", TEXT(".") },
	{ "n_number_two_points", TEXT("1..2") },
	{ "n_number_two_fractions", TEXT("1.2.3") },
	{ "n_number_comma_decimal", TEXT("1,5") },
	{ "n_number_exponent_empty", TEXT("1e") },
	{ "n_number_exponent_capital_empty", TEXT("1E") },
	{ "n_number_exponent_plus", TEXT("1e+") },
	{ "n_number_exponent_minus", TEXT("1E-") },
	{ "n_number_exponent_two_signs", TEXT("1e+-2") },
	{ "n_number_exponent_twice", TEXT("1e2e3") },
	{ "n_number_exponent_two_letters", TEXT("1eE2") },
	{ "n_number_exponent_real", TEXT("1e2.5") },
	{ "n_number_exponent_first", TEXT("e1") },
	{ "n_number_exponent_letter", TEXT("1ea") },
	{ "n_number_exponent_space", TEXT("1e 1") },
	{ "n_number_fraction_exponent_empty", TEXT("[0.5e]") },
	{ "n_number_fraction_exponent_sign", TEXT("[0.5e-]") },
	{ "n_number_fraction_minus", TEXT("2.-3") },
	{ "n_number_fraction_letter", TEXT("1.a") },
	{ "n_number_hex", TEXT("0x1F") },
	{ "n_number_hex_capital", TEXT("[0X1]") },
	{ "n_number_octal", TEXT("0o17") },
	{ "n_number_binary", TEXT("0b1") },
	{ "n_number_underscore", TEXT("1_000") },
	{ "n_number_thousands", TEXT("1 000.0") },
	{ "n_number_nan", TEXT("NaN") },
	{ "n_number_nan_small", TEXT("nan") },
	{ "n_number_minus_nan", TEXT("[-NaN]") },
	{ "n_number_infinity", TEXT("Infinity") },
	{ "n_number_minus_infinity", TEXT("-Infinity") },
	{ "n_number_inf", TEXT("[inf]") },
	{ "n_number_letter_after", TEXT("[1a]") },
	{ "n_number_suffix", TEXT("1L") },
	{ "n_number_float_suffix", TEXT("1.0f") },
	{ "n_number_expression", TEXT("[1+2]") },
	{ "n_number_minus_after", TEXT("[1-]") },
	{ "n_number_bad_utf8_after", TEXT("[1\xe5]") },
	{ "n_number_bad_utf8_in_exponent", TEXT("[1e\xe5]") },
	{ "n_number_bad_utf8_after_zero", TEXT("[0\xff]") },
	{ "n_number_wide_digit", TEXT("[\xef\xbc\x91]") },
	{ "n_number_arabic_digit", TEXT("\xd9\xa1") },
	{ "n_number_nul_inside", TEXT("[1\0""2]") },
	{ "n_number_quote_after", TEXT("1\"") },
	{ "n_number_two", TEXT("1 2") },
	/* Words. */
	{ "n_word_true_cut", TEXT("tru") },
	{ "n_word_false_cut", TEXT("[fals]") },
	{ "n_word_null_cut", TEXT("nul") },
	{ "n_word_true_capital", TEXT("True") },
	{ "n_word_true_capitals", TEXT("TRUE") },
	{ "n_word_null_capital", TEXT("[Null]") },
	{ "n_word_true_longer", TEXT("truex") },
	{ "n_word_null_twice", TEXT("nullnull") },
	{ "n_word_false_digit", TEXT("[false0]") },
	{ "n_word_undefined", TEXT("undefined") },
	{ "n_word_none", TEXT("None") },
	{ "n_word_letter", TEXT("a") },
	{ "n_word_letter_in_array", TEXT("[a]") },
	{ "n_word_nul_inside", TEXT("tr\0ue") },
	{ "n_word_nul_after", TEXT("true\0") },
	{ "n_word_n", TEXT("[n") },
	/* Arrays. */
	{ "n_array_open", TEXT("[") },
	{ "n_array_open_value", TEXT("[1") },
	{ "n_array_open_comma", TEXT("[1,") },
	{ "n_array_open_string", TEXT("[\"a\"") },
	{ "n_array_open_nested", TEXT("[[1]") },
	{ "n_array_open_lines", TEXT("[1\n,1\n,1") },
	{ "n_array_comma_last", TEXT("[1,]") },
	{ "n_array_two_commas_last", TEXT("[1,,]") },
	{ "n_array_comma_first", TEXT("[,1]") },
	{ "n_array_comma_alone", TEXT("[,]") },
	{ "n_array_two_commas", TEXT("[1,,2]") },
	{ "n_array_no_comma", TEXT("[1 2]") },
	{ "n_array_no_comma_strings", TEXT("[\"a\"\"b\"]") },
	{ "n_array_no_comma_true", TEXT("[1 true]") },
	{ "n_array_no_comma_nested", TEXT("[3[4]]") },
	{ "n_array_colon", TEXT("[\"a\":1]") },
	{ "n_array_semicolon", TEXT("[1;2]") },
	{ "n_array_close_twice", TEXT("[1]]") },
	{ "n_array_close_extra_nested", TEXT("[[]]]") },
	{ "n_array_close_brace", TEXT("[1}") },
	{ "n_array_close_alone", TEXT("]") },
	{ "n_array_comma_after", TEXT("[1],") },
	{ "n_array_comma_before", TEXT(",[1]") },
	{ "n_array_second", TEXT("[][]") },
	{ "n_array_word_after", TEXT("[1]x") },
	{ "n_array_spread", TEXT("[...]") },
	{ "n_array_star", TEXT("[*]") },
	{ "n_array_bad_utf8", TEXT("[\xff]") },
	{ "n_array_vertical_tab", TEXT("[\v1]") },
	{ "n_array_form_feed", TEXT("[\f]") },
	{ "n_array_backslash", TEXT("[\\n]") },
	/* Objects. */
	{ "n_object_open", TEXT("{") },
	{ "n_object_open_name", TEXT("{\"a\"") },
	{ "n_object_open_colon", TEXT("{\"a\":") },
	{ "n_object_open_value", TEXT("{\"a\":1") },
	{ "n_object_open_comma", TEXT("{\"a\":1,") },
	{ "n_object_comma_last", TEXT("{\"a\":1,}") },
	{ "n_object_many_commas_last", TEXT("{\"a\":1,,,}") },
	{ "n_object_comma_first", TEXT("{,\"a\":1}") },
	{ "n_object_comma_alone", TEXT("{,}") },
	{ "n_object_two_commas", TEXT("{\"a\":1,,\"b\":2}") },
	{ "n_object_no_comma", TEXT("{\"a\":1 \"b\":2}") },
	{ "n_object_no_colon", TEXT("{\"a\" 1}") },
	{ "n_object_two_colons", TEXT("{\"a\"::1}") },
	{ "n_object_colon_alone", TEXT("{:1}") },
	{ "n_object_no_value", TEXT("{\"a\":}") },
	{ "n_object_no_value_comma", TEXT("{\"a\":,\"b\":1}") },
	{ "n_object_name_alone", TEXT("{\"a\"}") },
	{ "n_object_equals", TEXT("{\"a\"=1}") },
	{ "n_object_arrow", TEXT("{\"a\"=>1}") },
	{ "n_object_name_bare", TEXT("{a:1}") },
	{ "n_object_name_single_quotes", TEXT("{'a':1}") },
	{ "n_object_name_number", TEXT("{1:1}") },
	{ "n_object_name_null", TEXT("{null:null}") },
	{ "n_object_name_array", TEXT("{[]:1}") },
	{ "n_object_name_open", TEXT("{\"a:1}") },
	{ "n_object_name_bad_utf8", TEXT("{\"\xb9\":1}") },
	{ "n_object_name_bad_utf8_bare", TEXT("{\"a\":1,\xb9\"b\":1}") },
	{ "n_object_name_control", TEXT("{\"\x01\":1}") },
	{ "n_object_name_lone_surrogate", TEXT("{\"\\ud800\":1}") },
	{ "n_object_close_bracket", TEXT("{\"a\":1]") },
	{ "n_object_close_twice", TEXT("{}}") },
	{ "n_object_close_alone", TEXT("}") },
	{ "n_object_value_bare", TEXT("{\"a\":b}") },
	{ "n_object_value_twice", TEXT("{\"a\":1 2}") },
	{ "n_object_value_cut", TEXT("{\"a\":tru}") },
	{ "n_object_comment_after", TEXT("{\"a\":1}/**/") },
	{ "n_object_hash_after", TEXT("{\"a\":1}#") },
	{ "n_object_text_after", TEXT("{\"a\":1} x") },
	{ "n_object_second", TEXT("{}{}") },
	{ "n_object_quote_after", TEXT("{\"a\":1}\"") },
	{ "n_object_duplicate", TEXT("{\"a\":1,\"a\":2}") },
	{ "n_object_duplicate_same_value", TEXT("{\"a\":1,\"a\":1}") },
	{ "n_object_duplicate_apart", TEXT("{\"a\":1,\"b\":2,\"a\":3}") },
	{ "n_object_duplicate_empty", TEXT("{\"\":1,\"\":2}") },
	{ "n_object_duplicate_escaped", TEXT("{\"a\":1,\"\\u0061\":2}") },
	{ "n_object_duplicate_slash", TEXT("{\"/\":1,\"\\/\":2}") },
	{ "n_object_duplicate_nul", TEXT("{\"\\u0000\":1,\"\\u0000\":2}") },
	{ "n_object_duplicate_utf8", TEXT("{\"\xc3\xbc\":1,\"\\u00fc\":2}") },
	{ "n_object_duplicate_pair", TEXT("{\"\xf0\x9d\x84\x9e\":1,\"\\ud834\\udd1e\":2}") },
	{ "n_object_duplicate_nested", TEXT("[{\"a\":{\"b\":1,\"b\":2}}]") },
	{ "n_object_duplicate_constructor", TEXT("{\"__proto__\":1,\"__proto__\":2}") },
	/* Strings. */
	{ "n_string_open", TEXT("\"") },
	{ "n_string_open_text", TEXT("\"abc") },
	{ "n_string_open_escape", TEXT("\"\\") },
	{ "n_string_open_escaped_quote", TEXT("\"\\\"") },
	{ "n_string_open_in_array", TEXT("[\"a]") },
	{ "n_string_open_u", TEXT("\"\\u") },
	{ "n_string_single_quotes", TEXT("'a'") },
	{ "n_string_single_quotes_in_array", TEXT("['a']") },
	{ "n_string_backquotes", TEXT("`a`") },
	{ "n_string_curly_quotes", TEXT("\xe2\x80\x9c""a\xe2\x80\x9d") },
	{ "n_string_second", TEXT("\"\" \"\"") },
	{ "n_string_text_after", TEXT("\"\"x") },
	{ "n_string_escape_x", TEXT("\"\\x41\"") },
	{ "n_string_escape_a", TEXT("\"\\a\"") },
	{ "n_string_escape_v", TEXT("\"\\v\"") },
	{ "n_string_escape_e", TEXT("\"\\e\"") },
	{ "n_string_escape_0", TEXT("\"\\0\"") },
	{ "n_string_escape_octal", TEXT("\"\\101\"") },
	{ "n_string_escape_single_quote", TEXT("\"\\'\"") },
	{ "n_string_escape_space", TEXT("\"\\ \"") },
	{ "n_string_escape_newline", TEXT("\"\\\n\"") },
	{ "n_string_escape_tab", TEXT("\"\\\t\"") },
	{ "n_string_escape_nul", TEXT("\"\\\0\"") },
	{ "n_string_escape_capital_n", TEXT("\"\\N\"") },
	{ "n_string_escape_capital_u", TEXT("\"\\U0041\"") },
	{ "n_string_escape_bad_utf8", TEXT("\"\\\xe5\"") },
	{ "n_string_escape_utf8", TEXT("\"\\\xc3\xbc\"") },
	{ "n_string_escape_long", TEXT("\"\\U00010000\"") },
	{ "n_string_u_empty", TEXT("\"\\u\"") },
	{ "n_string_u_one", TEXT("\"\\u1\"") },
	{ "n_string_u_three", TEXT("\"\\u00A\"") },
	{ "n_string_u_letter", TEXT("\"\\u00g0\"") },
	{ "n_string_u_at", TEXT("\"\\u00@0\"") },
	{ "n_string_u_space", TEXT("\"\\u 041\"") },
	{ "n_string_u_plus", TEXT("\"\\u+041\"") },
	{ "n_string_u_minus", TEXT("\"\\u-041\"") },
	{ "n_string_u_hex_prefix", TEXT("\"\\u0x41\"") },
	{ "n_string_u_braces", TEXT("\"\\u{41}\"") },
	{ "n_string_u_bad_utf8", TEXT("\"\\u00\xe5\x41\"") },
	{ "n_string_u_nul", TEXT("\"\\u\0\0\0\0\"") },
	{ "n_string_u_control_digits", TEXT("\"\\u\x10\x11\x12\x13\"") },
	{ "n_string_surrogate_high", TEXT("\"\\ud800\"") },
	{ "n_string_surrogate_high_last", TEXT("\"\\uDBFF\"") },
	{ "n_string_surrogate_low", TEXT("\"\\udc00\"") },
	{ "n_string_surrogate_low_last", TEXT("\"\\uDFFF\"") },
	{ "n_string_surrogate_high_text", TEXT("\"\\ud800abcdefgh\"") },
	{ "n_string_surrogate_high_high", TEXT("\"\\ud800\\ud800\"") },
	{ "n_string_surrogate_high_other", TEXT("\"\\ud800\\u0041\"") },
	{ "n_string_surrogate_high_escape", TEXT("\"\\ud800\\n12345\"") },
	{ "n_string_surrogate_high_cut", TEXT("\"\\ud800\\u\"") },
	{ "n_string_surrogate_high_cut_low", TEXT("\"\\ud800\\udc0\"") },
	{ "n_string_surrogate_high_bad_low", TEXT("\"\\ud800\\udcxx\"") },
	{ "n_string_surrogate_backwards", TEXT("\"\\udd1e\\ud834\"") },
	{ "n_string_surrogate_pair_high", TEXT("\"\\ud834\\udd1e\\ud834\"") },
	{ "n_string_surrogate_pair_low", TEXT("\"\\ud834\\udd1e\\udd1e\"") },
	{ "n_string_surrogate_high_end", TEXT("\"\\ud834") },
	{ "n_string_control_nul", TEXT("\"a\0b\"") },
	{ "n_string_control_newline", TEXT("\"a\nb\"") },
	{ "n_string_control_return", TEXT("\"a\rb\"") },
	{ "n_string_control_tab", TEXT("\"\t\"") },
	{ "n_string_control_1f", TEXT("\"\x1f\"") },
	/* UTF-8. */
	{ "n_utf8_lone_continuation", TEXT("\"\x80\"") },
	{ "n_utf8_lone_continuation_last", TEXT("\"\xbf\"") },
	{ "n_utf8_two_continuations", TEXT("\"\xc3\xbc\xbc\"") },
	{ "n_utf8_latin1", TEXT("\"\xe9t\xe9\"") },
	{ "n_utf8_truncated_2", TEXT("\"\xc3\"") },
	{ "n_utf8_truncated_3_1", TEXT("\"\xe2\"") },
	{ "n_utf8_truncated_3_2", TEXT("\"\xe2\x82\"") },
	{ "n_utf8_truncated_4_1", TEXT("\"\xf0\"") },
	{ "n_utf8_truncated_4_2", TEXT("\"\xf0\x9d\"") },
	{ "n_utf8_truncated_4_3", TEXT("\"\xf0\x9d\x84\"") },
	{ "n_utf8_truncated_at_end", TEXT("\"\xf0\x9d\x84") },
	{ "n_utf8_overlong_2_nul", TEXT("\"\xc0\x80\"") },
	{ "n_utf8_overlong_2_slash", TEXT("\"\xc0\xaf\"") },
	{ "n_utf8_overlong_2_last", TEXT("\"\xc1\xbf\"") },
	{ "n_utf8_overlong_3_slash", TEXT("\"\xe0\x80\xaf\"") },
	{ "n_utf8_overlong_3_last", TEXT("\"\xe0\x9f\xbf\"") },
	{ "n_utf8_overlong_4_slash", TEXT("\"\xf0\x80\x80\xaf\"") },
	{ "n_utf8_overlong_4_last", TEXT("\"\xf0\x8f\xbf\xbf\"") },
	{ "n_utf8_overlong_5", TEXT("\"\xf8\x80\x80\x80\xaf\"") },
	{ "n_utf8_overlong_6", TEXT("\"\xfc\x80\x80\x80\x80\xaf\"") },
	{ "n_utf8_surrogate_first", TEXT("\"\xed\xa0\x80\"") },
	{ "n_utf8_surrogate_last", TEXT("\"\xed\xbf\xbf\"") },
	{ "n_utf8_surrogate_pair", TEXT("\"\xed\xa0\xb4\xed\xb4\x9e\"") },
	{ "n_utf8_above_range", TEXT("\"\xf4\x90\x80\x80\"") },
	{ "n_utf8_f5", TEXT("\"\xf5\x80\x80\x80\"") },
	{ "n_utf8_five_bytes", TEXT("\"\xf8\x88\x80\x80\x80\"") },
	{ "n_utf8_six_bytes", TEXT("\"\xfc\x84\x80\x80\x80\x80\"") },
	{ "n_utf8_fe", TEXT("\"\xfe\"") },
	{ "n_utf8_ff", TEXT("\"\xff\"") },
	{ "n_utf8_lone_outside", TEXT("\xff") },
	{ "n_utf8_letter_outside", TEXT("\xc3\xa9") },
	{ "n_utf8_bad_after_escape", TEXT("\"\\n\xff\"") },
	{ "n_utf8_bad_after_u", TEXT("\"\\u0041\xff\"") },
	{ "n_utf8_bad_between", TEXT("[1,\xff""2]") },
	{ "n_utf8_bad_after_text", TEXT("{}\xff") },
	/* The whole text. */
	{ "n_text_empty", TEXT("") },
	{ "n_text_space", TEXT(" ") },
	{ "n_text_white", TEXT(" \t\r\n") },
	{ "n_text_nul", TEXT("\0") },
	{ "n_text_nul_after", TEXT("[]\0") },
	{ "n_text_nul_before", TEXT("\0[]") },
	{ "n_text_nul_between", TEXT("[\0]") },
	{ "n_text_bom", TEXT("\xef\xbb\xbf{}") },
	{ "n_text_bom_alone", TEXT("\xef\xbb\xbf") },
	{ "n_text_bom_cut", TEXT("\xef\xbb{}") },
	{ "n_text_bom_after", TEXT("{}\xef\xbb\xbf") },
	{ "n_text_utf16le", TEXT("[\0]\0") },
	{ "n_text_utf16be", TEXT("\0[\0]") },
	{ "n_text_utf16le_bom", TEXT("\xff\xfe[\0]\0") },
	{ "n_text_utf16be_bom", TEXT("\xfe\xff\0[\0]") },
	{ "n_text_comment_line", TEXT("// a\n1") },
	{ "n_text_comment_block", TEXT("/* a */1") },
	{ "n_text_comment_inside", TEXT("[1/* a */]") },
	{ "n_text_comment_cut", TEXT("{}/") },
	{ "n_text_comment_hash", TEXT("# a\n1") },
	{ "n_text_nbsp", TEXT("[\xc2\xa0""1]") },
	{ "n_text_line_separator", TEXT("[\xe2\x80\xa8]") },
	{ "n_text_word_joiner", TEXT("[\xe2\x81\xa0]") },
	{ "n_text_zero_width", TEXT("\xe2\x80\x8b[]") },
	{ "n_text_vertical_tab", TEXT("\v1") },
	{ "n_text_form_feed_after", TEXT("1\f") },
	{ "n_text_backspace", TEXT("1\b") },
	{ "n_text_escape_char", TEXT("\x1b[1m1") },
	{ "n_text_angle", TEXT("<null>") },
	{ "n_text_angle_empty", TEXT("[<>]") },
	{ "n_text_colon", TEXT(":") },
	{ "n_text_comma", TEXT(",") },
	{ "n_text_comma_after", TEXT("1,") },
	{ "n_text_semicolon_after", TEXT("{};") },
	{ "n_text_call", TEXT("f({})") },
	{ "n_text_parentheses", TEXT("(1)") },
	{ "n_text_two_lines", TEXT("{}\n{}") },
	{ "n_text_record_separator", TEXT("\x1e{}") },
	{ "n_text_hijack_prefix", TEXT(")]}'\n{}") },
	{ "n_text_mixed_close", TEXT("[{]}") },
	{ "n_text_mixed_open", TEXT("[{\"a\":[") },
	{ "n_text_unicode_escape_outside", TEXT("[\\u000A\"\"]") },
	{ "n_text_quote_in_object", TEXT("{\"") },
	{ "n_text_colon_in_object", TEXT("{\"a\":\"b") },
	{ "n_text_at", TEXT("@") },
	{ "n_text_dollar", TEXT("$ref") },
	{ "n_text_date", TEXT("2026-01-31") },
	{ "n_text_env", TEXT("[${1}]") },
};

static const struct accepted accepted[] = {
	/* Numbers: printed as they came. */
	{ "y_number_zero", TEXT("0"), NULL },
	{ "y_number_minus_zero", TEXT("-0"), NULL },
	{ "y_number_one", TEXT("1"), NULL },
	{ "y_number_minus_one", TEXT("-1"), NULL },
	{ "y_number_digits", TEXT("1234567890"), NULL },
	{ "y_number_zero_real", TEXT("0.0"), NULL },
	{ "y_number_minus_zero_real", TEXT("-0.0"), NULL },
	{ "y_number_real", TEXT("[123.456789]"), NULL },
	{ "y_number_real_zeros", TEXT("1.000"), NULL },
	{ "y_number_exponent", TEXT("1e2"), NULL },
	{ "y_number_exponent_capital", TEXT("1E2"), NULL },
	{ "y_number_exponent_plus", TEXT("1e+2"), NULL },
	{ "y_number_exponent_minus", TEXT("1E-2"), NULL },
	{ "y_number_exponent_zeros", TEXT("1e002"), NULL },
	{ "y_number_exponent_zero", TEXT("0e0"), NULL },
	{ "y_number_exponent_zero_minus", TEXT("[0e-5]"), NULL },
	{ "y_number_exponent_real", TEXT("123.456e78"), NULL },
	{ "y_number_exponent_real_plus", TEXT("[0.5E+1]"), NULL },
	{ "y_number_huge", TEXT("1e400"), NULL },
	{ "y_number_huge_minus", TEXT("[-1e9999]"), NULL },
	{ "y_number_tiny", TEXT("1e-400"), NULL },
	{ "y_number_exponent_beyond", TEXT("1e99999999999999999999"), NULL },
	{ "y_number_2_53_plus_1", TEXT("9007199254740993"), NULL },
	{ "y_number_2_63", TEXT("9223372036854775808"), NULL },
	{ "y_number_2_64", TEXT("[18446744073709551616]"), NULL },
	{ "y_number_big", TEXT("123456789012345678901234567890123456789012345678901"), NULL },
	{ "y_number_big_minus", TEXT("-99999999999999999999999999999999999999"), NULL },
	{ "y_number_fraction_long", TEXT("0.1000000000000000055511151231257827021181583404541"),
	    NULL },
	{ "y_number_near_zero", TEXT("[-0.000000000000000000000000000000000000000000001]"), NULL },
	{ "y_number_space_after", TEXT("1 "), "1" },
	{ "y_number_space_around", TEXT("[ 4 ]"), "[4]" },
	{ "y_number_newline_after", TEXT("42\n"), "42" },
	/* Words. */
	{ "y_word_true", TEXT("true"), NULL },
	{ "y_word_false", TEXT("false"), NULL },
	{ "y_word_null", TEXT("null"), NULL },
	{ "y_word_all", TEXT("[true,false,null]"), NULL },
	{ "y_word_space", TEXT("\n null\t"), "null" },
	/* Arrays. */
	{ "y_array_empty", TEXT("[]"), NULL },
	{ "y_array_space", TEXT("[ \t\r\n]"), "[]" },
	{ "y_array_empty_string", TEXT("[\"\"]"), NULL },
	{ "y_array_nested", TEXT("[[],[[]]]"), NULL },
	{ "y_array_nested_space", TEXT("[[]   ]"), "[[]]" },
	{ "y_array_mixed", TEXT("[null,1,\"1\",{},[]]"), NULL },
	{ "y_array_nulls", TEXT("[1,null,null,null,2]"), NULL },
	{ "y_array_space_first", TEXT(" [1]"), "[1]" },
	{ "y_array_space_last", TEXT("[2] "), "[2]" },
	{ "y_array_spaces", TEXT("[ 1 , 2 ]"), "[1,2]" },
	{ "y_array_lines", TEXT("[\n1\n,\r\n2\n]\n"), "[1,2]" },
	/* Objects. */
	{ "y_object_empty", TEXT("{}"), NULL },
	{ "y_object_space", TEXT("{ }"), "{}" },
	{ "y_object_one", TEXT("{\"a\":1}"), NULL },
	{ "y_object_two", TEXT("{\"a\":1,\"b\":2}"), NULL },
	{ "y_object_order", TEXT("{\"z\":1,\"a\":2,\"m\":3}"), NULL },
	{ "y_object_empty_name", TEXT("{\"\":0}"), NULL },
	{ "y_object_name_case", TEXT("{\"a\":1,\"A\":2}"), NULL },
	{ "y_object_name_prefix", TEXT("{\"a\":1,\"aa\":2,\"aaa\":3}"), NULL },
	{ "y_object_name_nul", TEXT("{\"a\\u0000b\":1,\"a\":2,\"a\\u0000\":3}"), NULL },
	{ "y_object_name_escapes", TEXT("{\"\\\"\\\\\\n\":1}"), NULL },
	{ "y_object_name_normal_forms", TEXT("{\"\xc3\xa9\":1,\"e\xcc\x81\":2}"), NULL },
	{ "y_object_name_extremes", TEXT("{\"min\":-1.0e+28,\"max\":1.0e+28}"), NULL },
	{ "y_object_name_proto", TEXT("{\"__proto__\":{},\"constructor\":1}"), NULL },
	{ "y_object_nested_same_name", TEXT("{\"a\":{\"a\":{\"a\":[{\"a\":1}]}}}"), NULL },
	{ "y_object_spaces", TEXT("{ \"a\" : 1 ,\n\"b\"\t:\r[ ] }"), "{\"a\":1,\"b\":[]}" },
	{ "y_object_long_name", TEXT("{\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\":1}"),
	    NULL },
	/* Strings. */
	{ "y_string_empty", TEXT("\"\""), NULL },
	{ "y_string_letter", TEXT("\"a\""), NULL },
	{ "y_string_space", TEXT("\" \""), NULL },
	{ "y_string_slash", TEXT("\"a/b\""), NULL },
	{ "y_string_comment", TEXT("\"a/*b*/c//d#e\""), NULL },
	{ "y_string_single_quote", TEXT("\"it's\""), NULL },
	{ "y_string_json_inside", TEXT("\"{[,:]}\""), NULL },
	{ "y_string_escape_quote", TEXT("\"\\\"\""), NULL },
	{ "y_string_escape_backslash", TEXT("\"\\\\\""), NULL },
	{ "y_string_escape_slash", TEXT("\"\\/\""), "\"/\"" },
	{ "y_string_escape_b", TEXT("\"\\b\""), NULL },
	{ "y_string_escape_f", TEXT("\"\\f\""), NULL },
	{ "y_string_escape_n", TEXT("\"\\n\""), NULL },
	{ "y_string_escape_r", TEXT("\"\\r\""), NULL },
	{ "y_string_escape_t", TEXT("\"\\t\""), NULL },
	{ "y_string_escape_all", TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
	    "\"\\\"\\\\/\\b\\f\\n\\r\\t\"" },
	{ "y_string_backslash_u", TEXT("\"\\\\u0041\""), NULL },
	{ "y_string_backslash_n", TEXT("[\"\\\\n\"]"), NULL },
	{ "y_string_backslash_quote", TEXT("\"\\\\\\\"\""), NULL },
	{ "y_string_u_ascii", TEXT("\"\\u0041\""), "\"A\"" },
	{ "y_string_u_quote", TEXT("\"\\u0022\""), "\"\\\"\"" },
	{ "y_string_u_backslash", TEXT("\"\\u005c\""), "\"\\\\\"" },
	{ "y_string_u_control", TEXT("\"\\u0001\\u001f\""), NULL },
	{ "y_string_u_newline", TEXT("\"\\u000a\""), "\"\\n\"" },
	{ "y_string_u_delete", TEXT("\"\\u007f\""), NULL },
	{ "y_string_u_nul", TEXT("\"\\u0000\""), NULL },
	{ "y_string_u_nul_inside", TEXT("\"a\\u0000b\""), NULL },
	{ "y_string_u_nuls", TEXT("[\"\\u0000\\u0000\",\"\\u00000\"]"), NULL },
	{ "y_string_u_nul_digits", TEXT("\"\\u00001\""), NULL },
	{ "y_string_u_case", TEXT("\"\\u00e9\\u00E9\""), "\"\xc3\xa9\xc3\xa9\"" },
	{ "y_string_u_mixed_case", TEXT("\"\\uAbCd\\uaBcD\""), "\"\xea\xaf\x8d\xea\xaf\x8d\"" },
	{ "y_string_u_two", TEXT("\"\\u0123\""), "\"\xc4\xa3\"" },
	{ "y_string_u_two_first", TEXT("\"\\u0080\""), "\"\xc2\x80\"" },
	{ "y_string_u_two_last", TEXT("\"\\u07ff\""), "\"\xdf\xbf\"" },
	{ "y_string_u_three_first", TEXT("\"\\u0800\""), "\"\xe0\xa0\x80\"" },
	{ "y_string_u_three", TEXT("\"\\u20ac\""), "\"\xe2\x82\xac\"" },
	{ "y_string_u_before_surrogates", TEXT("\"\\ud7ff\""), "\"\xed\x9f\xbf\"" },
	{ "y_string_u_after_surrogates", TEXT("\"\\ue000\""), "\"\xee\x80\x80\"" },
	{ "y_string_u_fffe", TEXT("\"\\ufffe\\uffff\""), "\"\xef\xbf\xbe\xef\xbf\xbf\"" },
	{ "y_string_u_fdd0", TEXT("\"\\ufdd0\""), "\"\xef\xb7\x90\"" },
	{ "y_string_u_bom", TEXT("\"\\ufeff\""), "\"\xef\xbb\xbf\"" },
	{ "y_string_u_pair", TEXT("\"\\ud834\\udd1e\""), "\"\xf0\x9d\x84\x9e\"" },
	{ "y_string_u_pair_first", TEXT("\"\\ud800\\udc00\""), "\"\xf0\x90\x80\x80\"" },
	{ "y_string_u_pair_last", TEXT("\"\\uDBFF\\uDFFF\""), "\"\xf4\x8f\xbf\xbf\"" },
	{ "y_string_u_pairs", TEXT("\"\\ud83d\\ude39\\ud83d\\udc8d\""),
	    "\"\xf0\x9f\x98\xb9\xf0\x9f\x92\x8d\"" },
	{ "y_string_u_line_separators", TEXT("\"\\u2028\\u2029\""),
	    "\"\xe2\x80\xa8\xe2\x80\xa9\"" },
	{ "y_string_u_separator_u", TEXT("\"\\u0061\\u30af\\u30EA\\u30b9\""),
	    "\"a\xe3\x82\xaf\xe3\x83\xaa\xe3\x82\xb9\"" },
	{ "y_string_delete", TEXT("\"\x7f\""), "\"\\u007f\"" },
	{ "y_string_bare_space_tab", TEXT("\t\"a\"\r\n"), "\"a\"" },
	/* UTF-8. */
	{ "y_utf8_two", TEXT("\"\xc3\xbc\""), NULL },
	{ "y_utf8_two_first", TEXT("\"\xc2\x80\""), NULL },
	{ "y_utf8_two_last", TEXT("\"\xdf\xbf\""), NULL },
	{ "y_utf8_three", TEXT("\"\xe2\x82\xac\""), NULL },
	{ "y_utf8_three_first", TEXT("\"\xe0\xa0\x80\""), NULL },
	{ "y_utf8_three_last", TEXT("\"\xef\xbf\xbf\""), NULL },
	{ "y_utf8_before_surrogates", TEXT("\"\xed\x9f\xbf\""), NULL },
	{ "y_utf8_after_surrogates", TEXT("\"\xee\x80\x80\""), NULL },
	{ "y_utf8_four", TEXT("\"\xf0\x9d\x84\x9e\""), NULL },
	{ "y_utf8_four_first", TEXT("\"\xf0\x90\x80\x80\""), NULL },
	{ "y_utf8_four_last", TEXT("\"\xf4\x8f\xbf\xbf\""), NULL },
	{ "y_utf8_bom_inside", TEXT("\"\xef\xbb\xbf\""), NULL },
	{ "y_utf8_line_separators", TEXT("\"\xe2\x80\xa8\xe2\x80\xa9\""), NULL },
	{ "y_utf8_noncharacter", TEXT("\"\xef\xb7\x90\xf0\x9f\xbf\xbe\""), NULL },
	{ "y_utf8_name", TEXT("{\"\xd0\xb0\xe2\x82\xac\":\"\xf0\x9f\x98\xb9\"}"), NULL },
	{ "y_utf8_between_ascii", TEXT("\"a\xc3\xbc""b\xe2\x82\xac""c\xf0\x9d\x84\x9e""d\""),
	    NULL },
	{ "y_utf8_after_escape", TEXT("\"\\n\xc3\xbc\\t\""), NULL },
};

static const struct {
	const char	*text;
	bool		 integer;
} integers[] = {
	{ "0", true }, { "-0", true }, { "1", true }, { "-1", true }, { "10", true },
	{ "1.0", true }, { "-1.000", true }, { "1.5", false }, { "0.1", false }, { "1e2", true },
	{ "1E+2", true }, { "1.5e1", true }, { "1.5e0", false }, { "1.55e1", false },
	{ "1.55e2", true }, { "10e-1", true }, { "10e-2", false }, { "100e-2", true },
	{ "1e-1", false }, { "15e-1", false }, { "1500e-2", true }, { "1500e-3", false },
	{ "1e400", true }, { "1e-400", false }, { "0e-5", true }, { "0e5", true },
	{ "0.0e-9", true },
	{ "-0.0", true }, { "10.0e-1", true }, { "10.50e1", true }, { "10.50e0", false },
	{ "0.001e3", true }, { "0.001e2", false }, { "0.0010e3", true }, { "10.010e2", true },
	{ "10.010e1", false }, { "1e99999999999999999999", true },
	{ "1e-99999999999999999999", false },
	{ "0e-99999999999999999999", true }, { "1.5e99999999999999999999", true },
	{ "123456789012345678901234567890", true }, { "123456789012345678901234567890.5", false },
	{ "9007199254740993.0", true }, { "0.00000000000000000000000000001", false },
	{ "120.0e-1", true }, { "120.0e-2", false }, { "1.0e-0", true }, { "101e-1", false },
};

static const struct {
	const char	*text;
	int64_t		 value;
	int		 result;
} values[] = {
	{ "0", 0, 0 }, { "-0", 0, 0 }, { "1", 1, 0 }, { "-1", -1, 0 }, { "1.0", 1, 0 },
	{ "1e3", 1000, 0 }, { "1.5e1", 15, 0 }, { "10e-1", 1, 0 }, { "2147483648", 2147483648, 0 },
	{ "-4294967296", -4294967296, 0 }, { "9007199254740991", 9007199254740991, 0 },
	{ "-9007199254740991", -9007199254740991, 0 },
	{ "9007199254740991.0", 9007199254740991, 0 },
	{ "9007199254740990", 9007199254740990, 0 }, { "9007199254740993", 0, -1 },
	{ "-9007199254740993", 0, -1 }, { "9007199254740993.0", 0, -1 },
	{ "900719925474099.3e1", 0, -1 }, { "9223372036854775808", 0, -1 },
	{ "18446744073709551616", 0, -1 }, { "1e15", 1000000000000000, 0 }, { "1e400", 0, -1 },
	{ "-1e400", 0, -1 }, { "1.5", 0, -1 }, { "1e-1", 0, -1 }, { "1e-400", 0, -1 },
	{ "0e400", 0, 0 }, { "\"1\"", 0, -1 }, { "true", 0, -1 }, { "null", 0, -1 },
	{ "[1]", 0, -1 },
	{ "{}", 0, -1 },
};

static const struct {
	const char	*text;
	bool		 has;
} nuls[] = {
	{ "\"\"", false }, { "\"a\"", false }, { "\"\\u0000\"", true }, { "\"a\\u0000b\"", true },
	{ "[1,[2,\"\\u0000\"]]", true }, { "{\"\\u0000\":1}", true },
	{ "{\"a\":{\"b\\u0000\":1}}", true },
	{ "{\"a\":[\"\\u0001\"]}", false }, { "[null,0,true]", false },
	{ "\"\xe2\x82\x80\"", false },
	{ "\"0\"", false }, { "\"\\\\u0000\"", false }, { "[{\"a\":\"b\"},\"c\\u0000\"]", true },
};

static void	 run_refused(const struct refused *);
static void	 run_accepted(const struct accepted *);
static void	 run_prefixes(void);
static void	 run_control(void);
static void	 run_first_byte(void);
static void	 run_utf8(void);
static void	 run_depth(void);
static void	 run_counts(void);
static void	 run_many_names(void);
static void	 run_integers(void);
static void	 run_place(void);
static void	 run_tree(void);
static void	 run_print(void);
static void	 run_canonical(void);
static void	 run_memory(void);
static void	 run_suite(const char *);

/* Parse a copy that ends where the text ends: a sanitizer then sees a byte read too many. */
static cJSON *
parse(const char *bytes, size_t len, struct json_fault *fault)
{
	char *copy = malloc(len);
	cJSON *item;

	if (len > 0)
		memcpy(copy, bytes, len);
	item = json_parse(copy, len, fault);
	free(copy);
	return item;
}

static cJSON *
parse_text(const char *text)
{
	struct json_fault fault;
	cJSON *item = parse(text, strlen(text), &fault);

	CHECK(item != NULL, "%s: %s", text, fault.why);
	return item;
}

static bool
refuses(const char *bytes, size_t len)
{
	struct json_fault fault;
	cJSON *item = parse(bytes, len, &fault);
	bool ok = item == NULL && fault.why != NULL && fault.offset <= len && !fault.memory;

	cJSON_Delete(item);
	return ok;
}

/* Whether the text is accepted and printed as `want`. */
static bool
prints(const char *bytes, size_t len, const char *want, size_t wantlen)
{
	struct json_fault fault;
	cJSON *item = parse(bytes, len, &fault);
	struct buf out;
	bool ok;

	buf_init(&out, 8 * len + 64);
	ok = item != NULL && json_print(&out, item) == 0 && out.len == wantlen &&
	    memcmp(out.data, want, wantlen) == 0;
	buf_finish(&out);
	cJSON_Delete(item);
	return ok;
}

static void
run_refused(const struct refused *t)
{
	CHECK(refuses(t->bytes, t->length), "%s", t->name);
}

static void
run_accepted(const struct accepted *t)
{
	const char *want = t->print != NULL ? t->print : t->bytes;
	size_t len = t->print != NULL ? strlen(t->print) : t->length;

	CHECK(prints(t->bytes, t->length, want, len), "%s", t->name);
	CHECK(prints(want, len, want, len), "%s: its print is stable", t->name);
}

static void
run_prefixes(void)
{
	static const char text[] = "{\"a\\u00e9\\ud834\\udd1e\":[1,-2.5e+10,true,false,null,{}],"
	    "\"\xe2\x82\xac\":\"\\\\x\\n\",\"c\":{\"d\":[[]]}}";
	size_t i;

	for (i = 0; i < sizeof text - 1; i++)
		CHECK(refuses(text, i), "the first %zu bytes", i);
	CHECK(!refuses(text, sizeof text - 1), "the whole");
}

static void
run_control(void)
{
	char text[] = "\"_\"", escape[16], outside[] = "[_]";
	int c;

	for (c = 0; c < 0x20; c++) {
		text[1] = (char)c;
		CHECK(refuses(text, 3), "U+%04X in a string", (unsigned)c);
		snprintf(escape, sizeof escape, "\"\\u%04x\"", (unsigned)c);
		CHECK(!refuses(escape, strlen(escape)), "%s", escape);
		outside[1] = (char)c;
		CHECK(refuses(outside, 3) == (c != '\t' && c != '\n' && c != '\r'),
		    "U+%04X between values", (unsigned)c);
	}
	for (c = 0x80; c < 0x100; c++) {
		text[1] = (char)c;
		CHECK(refuses(text, 3), "byte %02x alone in a string", (unsigned)c);
	}
}

static void
run_first_byte(void)
{
	char text[1];
	int c;

	for (c = 0; c < 0x100; c++) {
		text[0] = (char)c;
		CHECK(refuses(text, 1) == (c < '0' || c > '9'), "a text of the byte %02x",
		    (unsigned)c);
	}
}

/* RFC 3629's table 3-7 said in another way: decode, then see if it is the shortest form. */
static bool
is_utf8(const unsigned char *p, size_t n)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned v = n == 2 ? p[0] & 0x1f : n == 3 ? p[0] & 0x0f : p[0] & 0x07;
	unsigned lead = n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0;
	unsigned mask = n == 2 ? 0xe0 : n == 3 ? 0xf0 : 0xf8;
	size_t i;

	if ((p[0] & mask) != lead)
		return false;
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return false;
		v = v << 6 | (p[i] & 0x3f);
	}
	return v >= least[n] && v <= 0x10ffff && (v < 0xd800 || v > 0xdfff);
}

/* Every lead byte with every continuation that matters, as one string. */
static void
run_utf8(void)
{
	static const unsigned char later[] = { 0x22, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xaf,
	    0xbf, 0xc0, 0xff };
	unsigned char text[6] = { '"' };
	size_t n, i, j, wrong = 0;
	unsigned a, b;

	for (a = 0x80; a < 0x100; a++)
		for (b = 0x80; b < 0x100; b++) {
			text[1] = (unsigned char)a;
			text[2] = (unsigned char)b;
			text[3] = '"';
			if (refuses((char *)text, 4) == is_utf8(text + 1, 2))
				wrong++;
			for (i = 0; i < sizeof later; i++) {
				if (later[i] == '"')
					continue;
				text[3] = later[i];
				text[4] = '"';
				if (refuses((char *)text, 5) == is_utf8(text + 1, 3) &&
				    !(later[i] < 0x80 && is_utf8(text + 1, 2)))
					wrong++;
			}
		}
	CHECK(wrong == 0, "%zu sequences of two and three bytes", wrong);
	for (wrong = 0, a = 0xe0; a < 0x100; a++)
		for (b = 0x80; b < 0x100; b++)
			for (i = 3; i < sizeof later; i++)
				for (j = 3; j < sizeof later; j++) {
					const unsigned char four[6] = { '"', (unsigned char)a,
					    (unsigned char)b, later[i], later[j], '"' };

					n = is_utf8(four + 1, 4);
					if (refuses((const char *)four, 6) == (n == 1))
						wrong++;
				}
	CHECK(wrong == 0, "%zu sequences of four bytes", wrong);
}

/* `head` n times, `middle`, `tail` n times. */
static bool
nested_refused(const char *head, const char *middle, const char *tail, size_t n)
{
	struct buf text;
	size_t i;
	bool result;

	buf_init(&text, 8 * 1024 * 1024);
	for (i = 0; i < n; i++)
		buf_puts(&text, head);
	buf_puts(&text, middle);
	for (i = 0; i < n; i++)
		buf_puts(&text, tail);
	CHECK(!text.failed, "the text fits");
	result = refuses(buf_str(&text), text.len);
	buf_finish(&text);
	return result;
}

static void
run_depth(void)
{
	CHECK(nested_refused("[", "", "", 100000), "n_depth_open_arrays");
	CHECK(nested_refused("[", "", "]", 100000), "n_depth_arrays");
	CHECK(nested_refused("{\"a\":", "", "", 100000), "n_depth_open_objects");
	CHECK(nested_refused("{\"a\":", "1", "}", 100000), "n_depth_objects");
	CHECK(nested_refused("[{\"\":", "", "", 50000), "n_depth_open_mixed");
	CHECK(nested_refused("{\"a\":", "{", "", 100000), "n_depth_open_object_last");
	CHECK(nested_refused("[", "", "]", LIMIT_JSON_DEPTH + 1), "one array too deep");
	CHECK(!nested_refused("[", "", "]", LIMIT_JSON_DEPTH), "arrays as deep as may be");
	CHECK(nested_refused("[", "1", "]", LIMIT_JSON_DEPTH), "a number too deep");
	CHECK(!nested_refused("[", "1", "]", LIMIT_JSON_DEPTH - 1), "a number as deep as may be");
	CHECK(!nested_refused("{\"a\":", "{}", "}", LIMIT_JSON_DEPTH - 1), "objects");
	CHECK(nested_refused("{\"a\":", "{}", "}", LIMIT_JSON_DEPTH), "an object too deep");
	CHECK(!nested_refused("[", "[]", ",[]]", LIMIT_JSON_DEPTH - 1), "depth is not a count");
}

static void
run_counts(void)
{
	struct buf text;
	size_t i;

	buf_init(&text, 4 * LIMIT_JSON_NODES);
	buf_putc(&text, '[');
	for (i = 0; i < LIMIT_JSON_NODES - 1; i++)
		buf_puts(&text, i == 0 ? "0" : ",0");
	buf_putc(&text, ']');
	CHECK(!refuses(buf_str(&text), text.len), "as many values as may be");
	buf_truncate(&text, text.len - 1);
	buf_puts(&text, ",0]");
	CHECK(refuses(buf_str(&text), text.len), "one value too many");
	buf_reset(&text);
	for (i = 0; i < LIMIT_JSON_NUMBER; i++)
		buf_putc(&text, '7');
	CHECK(prints(buf_str(&text), text.len, buf_str(&text), text.len), "a long number");
	buf_putc(&text, '7');
	CHECK(refuses(buf_str(&text), text.len), "a number too long");
	buf_reset(&text);
	buf_putc(&text, '"');
	for (i = 0; i < 500000; i++)
		buf_putc(&text, (char)('a' + i % 26));
	CHECK(refuses(buf_str(&text), text.len), "a long string, open");
	buf_putc(&text, '"');
	CHECK(prints(buf_str(&text), text.len, buf_str(&text), text.len), "a long string");
	buf_finish(&text);
}

static void
run_many_names(void)
{
	static const int counts[] = { 2, 31, 32, 33, 34, 1000, 20000 };
	struct buf text;
	size_t n;
	int i;

	buf_init(&text, 1024 * 1024);
	for (n = 0; n < sizeof counts / sizeof counts[0]; n++) {
		buf_reset(&text);
		for (i = 0; i < counts[n]; i++)
			buf_printf(&text, "%c\"%d\":%d", i == 0 ? '{' : ',', i * 7919 % 104729, i);
		buf_putc(&text, '}');
		CHECK(prints(buf_str(&text), text.len, buf_str(&text), text.len), "%d names",
		    counts[n]);
		buf_truncate(&text, text.len - 1);
		buf_puts(&text, ",\"0\":0}");
		CHECK(refuses(buf_str(&text), text.len), "%d names and one again", counts[n]);
	}
	buf_finish(&text);
}

static void
run_integers(void)
{
	cJSON *item;
	int64_t v;
	size_t i;
	int result;

	for (i = 0; i < sizeof integers / sizeof integers[0]; i++) {
		item = parse_text(integers[i].text);
		CHECK(json_is_integer(item) == integers[i].integer, "%s", integers[i].text);
		cJSON_Delete(item);
	}
	for (i = 0; i < sizeof values / sizeof values[0]; i++) {
		item = parse_text(values[i].text);
		v = 0;
		result = json_integer(item, &v);
		CHECK(result == values[i].result && v == values[i].value, "%s: %d, %" PRId64,
		    values[i].text, result, v);
		cJSON_Delete(item);
	}
	CHECK(!json_is_integer(NULL), "nothing");
	CHECK(json_integer(NULL, &v) == -1, "nothing");
	item = cJSON_CreateNumber(1e300);
	CHECK(json_is_integer(item), "a number without text");
	CHECK(json_integer(item, &v) == -1, "does not fit");
	cJSON_SetNumberHelper(item, 0.5);
	CHECK(!json_is_integer(item), "a half");
	cJSON_SetNumberHelper(item, -3);
	CHECK(json_integer(item, &v) == 0 && v == -3, "minus three");
	cJSON_SetNumberHelper(item, NAN);
	CHECK(!json_is_integer(item), "not a number");
	cJSON_SetNumberHelper(item, -INFINITY);
	CHECK(!json_is_integer(item), "infinity");
	cJSON_Delete(item);
}

static void
run_place(void)
{
	static const struct {
		const char	*text;
		size_t		 offset, line, column;
	} table[] = {
		{ "", 0, 1, 1 }, { "abc", 0, 1, 1 }, { "abc", 2, 1, 3 }, { "abc", 3, 1, 4 },
		{ "a\nbc", 1, 1, 2 }, { "a\nbc", 2, 2, 1 }, { "a\nbc", 3, 2, 2 },
		{ "\n\n\n", 3, 4, 1 },
		{ "\n\n\n", 2, 3, 1 }, { "a\r\nb", 3, 2, 1 }, { "{\n  \"a\": x\n}", 9, 2, 8 },
	};
	struct json_fault fault;
	size_t i, line, column;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		json_place(table[i].text, table[i].offset, &line, &column);
		CHECK(line == table[i].line && column == table[i].column, "case %zu: %zu:%zu", i,
		    line, column);
	}
	CHECK(json_parse("{\n  \"a\": x\n}", 12, &fault) == NULL && fault.offset == 9, "%zu",
	    fault.offset);
	CHECK(json_parse("[1,2] x", 7, &fault) == NULL && fault.offset == 6, "%zu", fault.offset);
	CHECK(json_parse("[1,", 3, &fault) == NULL && fault.offset == 3, "%zu", fault.offset);
	CHECK(json_parse("\"a\xff\"", 4, &fault) == NULL && fault.offset == 2, "%zu", fault.offset);
	CHECK(json_parse("\"a\nb\"", 5, &fault) == NULL && fault.offset == 2, "%zu", fault.offset);
	CHECK(json_parse("[1 2]", 5, &fault) == NULL && fault.offset == 3, "%zu", fault.offset);
	CHECK(json_parse("", 0, &fault) == NULL && fault.offset == 0, "%zu", fault.offset);
}

static void
run_tree(void)
{
	cJSON *root = parse_text("{\"Name\":\"upper\",\"name\":\"lower\",\"t\":true,\"f\":false,"
	    "\"n\":null,\"one\":1,\"list\":[1,2]}");
	const char *s;

	s = json_str(root, "name");
	CHECK(s != NULL && strcmp(s, "lower") == 0, "the case of a name counts");
	s = json_str(root, "Name");
	CHECK(s != NULL && strcmp(s, "upper") == 0, "the case of a name counts");
	CHECK(json_str(root, "NAME") == NULL && json_get(root, "NAME") == NULL, "no such name");
	CHECK(json_str(root, "one") == NULL, "a number is no string");
	CHECK(json_get(root, "n") != NULL && cJSON_IsNull(json_get(root, "n")), "null is there");
	CHECK(json_true(root, "t") && !json_true(root, "f"), "booleans");
	CHECK(!json_true(root, "n") && !json_true(root, "one") && !json_true(root, "x"), "others");
	CHECK(json_get(json_get(root, "list"), "0") == NULL, "a list has no members");
	CHECK(json_get(NULL, "a") == NULL && json_str(NULL, "a") == NULL, "nothing");
	cJSON_Delete(root);
}

static void
run_print(void)
{
	static const char all[] = "{\"a\":9223372036854775807,\"b\":[-9223372036854775808,0],"
	    "\"c\":3,\"d\":2.5,\"e\":\"\\u0000\\\"\"}";
	static const char quoted[] = "\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f/\xc3\xbc"
	    "\\u0000.\"";
	cJSON *root = cJSON_CreateObject(), *list = cJSON_CreateArray();
	struct buf out;
	size_t cap;

	CHECK(json_push(list, json_int(INT64_MIN)) == 0 && json_push(list, json_int(0)) == 0,
	    "push");
	CHECK(json_put(root, "a", json_int(INT64_MAX)) == 0, "put");
	CHECK(json_put(root, "b", list) == 0, "put");
	CHECK(json_put(root, "c", cJSON_CreateNumber(3)) == 0, "put");
	CHECK(json_put(root, "d", cJSON_CreateNumber(2.5)) == 0, "put");
	CHECK(json_put(root, "e", cJSON_CreateString("\xc0\x80\"")) == 0, "put");
	CHECK(json_put(root, "f", NULL) == -1 && json_push(list, NULL) == -1, "nothing to put");
	CHECK(json_put(NULL, "a", json_int(1)) == -1 && json_push(NULL, json_int(1)) == -1,
	    "nowhere");
	for (cap = 0; cap < sizeof all + 3; cap++) {
		buf_init(&out, cap);
		CHECK((json_print(&out, root) == 0) == (cap >= sizeof all - 1), "into %zu", cap);
		if (cap >= sizeof all - 1)
			CHECK(strcmp(buf_str(&out), all) == 0, "%s", buf_str(&out));
		buf_finish(&out);
	}
	buf_init(&out, 1000);
	CHECK(json_push(list, cJSON_CreateRaw("x")) == 0, "push");
	CHECK(json_print(&out, root) == -1, "what is not JSON inside: %s", buf_str(&out));
	cJSON_DeleteItemFromArray(list, 2);
	buf_reset(&out);
	CHECK(json_push(list, cJSON_CreateNumber(NAN)) == 0, "push");
	CHECK(json_print(&out, root) == -1, "not a number inside: %s", buf_str(&out));
	buf_reset(&out);
	CHECK(json_quote(&out, "a\"\\\b\f\n\r\t\x01\x1f\x7f/\xc3\xbc\xc0\x80.") == 0 &&
	    strcmp(buf_str(&out), quoted) == 0, "%s", buf_str(&out));
	buf_finish(&out);
	cJSON_Delete(root);
}

/* A member in the place of another, under its name. */
static void
run_replace(void)
{
	cJSON *root = parse_text("{\"a\":1,\"b\":{\"x\":[]},\"c\":3}");
	struct buf out;

	buf_init(&out, 1000);
	CHECK(json_replace(root, json_get(root, "b"), cJSON_CreateString("t")) == 0 &&
	    json_replace(root, json_get(root, "a"), cJSON_CreateNull()) == 0 &&
	    json_replace(root, json_get(root, "c"), NULL) == -1, "replace");
	CHECK(json_print(&out, root) == 0 &&
	    strcmp(buf_str(&out), "{\"a\":null,\"b\":\"t\",\"c\":3}") == 0, "%s", buf_str(&out));
	buf_finish(&out);
	cJSON_Delete(root);
}

static void
run_canonical(void)
{
	static const char text[] = "{\"b\":[{\"z\":1,\"y\":[]}],"
	    "\"_\":{\"b\":1,\"_\":2,\"a\":3},\"a\":1.0}";
	static const char all[] = "{\"_\":{\"_\":2,\"a\":3,\"b\":1},\"a\":1.0,"
	    "\"b\":[{\"y\":[],\"z\":1}]}";
	static const char without[] = "{\"a\":1.0,\"b\":[{\"y\":[],\"z\":1}]}";
	cJSON *root = parse_text(text);
	struct buf out;

	buf_init(&out, 1000);
	CHECK(json_canonical(&out, root, NULL) == 0 && strcmp(buf_str(&out), all) == 0, "%s",
	    buf_str(&out));
	buf_reset(&out);
	CHECK(json_canonical(&out, root, (const char *const []){ "_", NULL }) == 0 && strcmp(buf_str(&out), without) == 0, "%s",
	    buf_str(&out));
	buf_finish(&out);
	buf_init(&out, sizeof all - 2);
	CHECK(json_canonical(&out, root, NULL) == -1, "one byte too few");
	buf_finish(&out);
	cJSON_Delete(root);
}

static void
run_pretty(void)
{
	static const char text[] = "{\"a\":[1,{}, [] ,\"\\n\"],\"b\":{\"c\":null}}";
	static const char want[] = "{\n  \"a\": [\n    1,\n    {},\n    [],\n    \"\\n\"\n  ],\n"
	    "  \"b\": {\n    \"c\": null\n  }\n}";
	cJSON *root = parse_text(text), *again;
	struct json_fault fault;
	struct buf out;

	buf_init(&out, sizeof want - 1);
	CHECK(json_pretty(&out, root) == 0 && strcmp(buf_str(&out), want) == 0, "%s",
	    buf_str(&out));
	again = json_parse(buf_str(&out), out.len, &fault);
	CHECK(again != NULL, "what is printed is JSON");
	buf_finish(&out);
	buf_init(&out, sizeof want - 2);
	CHECK(json_pretty(&out, root) == -1, "one byte too few");
	buf_finish(&out);
	cJSON_Delete(root);
	cJSON_Delete(again);
}

/* No memory for a node is told apart from a text that is wrong. */
static void
run_memory(void)
{
	static const char text[] = "{\"a\":[1,true,null,\"x\"],\"b\":{}}";
	struct json_fault fault;
	cJSON *item;
	int i;

	for (i = 0; i < 7; i++) {
		scarce_begin(i);
		item = parse(text, sizeof text - 1, &fault);
		CHECK(item == NULL && fault.memory && fault.why != NULL, "memory for %d nodes", i);
		cJSON_Delete(item);
	}
	scarce_begin(7);
	item = parse(text, sizeof text - 1, &fault);
	CHECK(item != NULL, "memory for all");
	cJSON_Delete(item);
	scarce_end();
}

static void
run_suite_file(const char *folder, const char *name)
{
	char path[4096], why[512] = "";
	struct buf text;
	bool refuse;

	refuse = name[0] == 'n' || strcmp(name, "y_object_duplicated_key.json") == 0 ||
	    strcmp(name, "y_object_duplicated_key_and_value.json") == 0;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	buf_init(&text, 4 * 1024 * 1024);
	if (file_read(&text, path, why, sizeof why) == -1)
		CHECK(false, "%s", why);
	else
		CHECK(refuses(buf_str(&text), text.len) == refuse, "%s", name);
	buf_finish(&text);
}

static void
run_suite(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int count = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, "n_", 2) == 0 || strncmp(entry->d_name, "y_", 2) == 0) {
			run_suite_file(folder, entry->d_name);
			count++;
		}
	CHECK(count > 0, "%s holds no n_ and y_ files", folder);
	printf("suite: %d files\n", count);
	if (dir != NULL)
		closedir(dir);
}

/* What is put into a loan, and taken out, is not seen in what was lent. */
static void
run_borrow(void)
{
	static const char text[] = "{\"a\":{\"b\":[1.50]},\"c\":\"d\",\"e\":\"f\"}";
	struct json_fault fault;
	cJSON *tree = json_parse(text, strlen(text), &fault), *loan = json_borrow(tree, "e");
	struct buf out;

	cJSON_DeleteItemFromObjectCaseSensitive(loan, "c");
	CHECK(json_put(loan, "g", cJSON_CreateTrue()) == 0, "put");
	buf_init(&out, 256);
	CHECK(json_print(&out, loan) == 0 &&
	    strcmp(buf_str(&out), "{\"a\":{\"b\":[1.50]},\"g\":true}") == 0, "%s", buf_str(&out));
	cJSON_Delete(loan);
	buf_reset(&out);
	CHECK(json_print(&out, tree) == 0 && strcmp(buf_str(&out), text) == 0, "%s", buf_str(&out));
	buf_finish(&out);
	cJSON_Delete(tree);
}

int
main(void)
{
	const char *suite = getenv("JSON_SUITE");
	cJSON *item;
	size_t i;

	for (i = 0; i < sizeof refused / sizeof refused[0]; i++)
		run_refused(&refused[i]);
	for (i = 0; i < sizeof accepted / sizeof accepted[0]; i++)
		run_accepted(&accepted[i]);
	run_prefixes();
	run_control();
	run_first_byte();
	run_utf8();
	run_depth();
	run_counts();
	run_many_names();
	run_integers();
	for (i = 0; i < sizeof nuls / sizeof nuls[0]; i++) {
		item = parse_text(nuls[i].text);
		CHECK(json_has_nul(item) == nuls[i].has, "%s", nuls[i].text);
		cJSON_Delete(item);
	}
	CHECK(!json_has_nul(NULL), "nothing");
	run_place();
	run_tree();
	run_print();
	run_replace();
	run_canonical();
	run_pretty();
	run_memory();
	if (suite == NULL)
		SKIP("JSON_SUITE does not name a folder of n_*.json and y_*.json files");
	else
		run_suite(suite);
	run_borrow();
	return check_done();
}
