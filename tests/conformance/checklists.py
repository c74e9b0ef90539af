"""What hosts of skills have to do, row by row, and the tests that hold us to it.

The first list is about components and what they call, the second about what programs written for the original kernel
see of it; its numbers are kept, so rows of other fields are missing.
"""

from __future__ import annotations

from dataclasses import dataclass

_KERNEL = "packages/kernel/tests/"
_HERE = "tests/conformance/"
_WHOLE = "tests/end_to_end/"


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    what: str
    tests: tuple[str, ...]
    """Files, with ``::`` and a name where it is not all of them."""
    elsewhere: str | None = None
    """Why there is no test."""


def _row(number: int, what: str, *tests: str) -> Row:
    return Row(number, what, tests)


HOST = (
    _row(1, "every interface file gives bindings", _HERE + "test_kernel.py::test_every_component_is_found"),
    _row(
        2,
        "versions are admitted, or refused with the reason",
        _KERNEL + "runtimes/wasm/test_faults.py::test_every_patch_of_every_line_runs",
        _KERNEL + "runtimes/wasm/test_faults.py::test_what_is_not_a_skill_is_refused_with_the_reason",
        _HERE + "test_patches.py",
    ),
    _row(3, "other exports do not confuse", _HERE + "test_runs.py::test_line_and_kind_are_recognised"),
    _row(
        4,
        "unversioned skills: text in, text out, 128 tokens, prompt before model",
        _HERE + "test_runs.py::test_the_first_skills_take_nothing_but_text",
        _HERE + "test_runs.py::test_the_text_of_the_first_skills_becomes_a_json_string",
        _HERE + "test_completions.py::test_the_first_skills_name_the_prompt_before_the_model_and_get_text",
    ),
    _row(
        5,
        "0.2: special tokens by function, three roles, no overlap, short answers",
        _HERE + "test_completions.py::test_line_0_2_chooses_special_tokens_by_function",
        _HERE + "test_chats.py::test_line_0_2_has_three_roles_and_three_settings",
        _HERE + "test_texts.py::test_line_0_2_chunks_without_overlap",
    ),
    _row(
        6,
        "0.3: echo by function, top(3) is 3, lists run together and fail together",
        _HERE + "test_completions.py::test_line_0_3_has_no_echo_in_its_first_function",
        _HERE + "test_completions.py::test_echo_is_passed_where_the_line_has_it",
        _HERE + "test_kernel.py::test_requests_of_one_list_run_at_the_same_time",
        _HERE + "test_kernel.py::test_one_request_that_fails_ends_the_run_and_the_others",
    ),
    _row(
        7,
        "0.4 and 0.5: messages, tools, choices, formats, effort, reasoning",
        _HERE + "test_chats.py::test_every_setting_of_line_0_4_arrives",
        _HERE + "test_chats.py::test_each_choice_of_line_0_4_arrives",
        _HERE + "test_chats.py::test_messages_of_line_0_4_are_of_three_kinds",
        _HERE + "test_chats.py::test_line_0_4_gets_reasoning_and_tool_calls",
    ),
    _row(
        8,
        "old lines fail on tool calls and on answers without content",
        _HERE + "test_chats.py::test_what_lines_without_tools_can_not_say_ends_the_run",
    ),
    _row(9, "streams: events, their end, dropping, errors", _HERE + "test_streams.py"),
    _row(10, "output: every violation, payloads, errors after output", _HERE + "test_output.py"),
    _row(
        11,
        "tools: errors are values, events in order, several calls in one function",
        _HERE + "test_tools.py",
        _HERE + "test_kernel.py::test_functions_use_tools_again_and_again",
        _HERE + "test_kernel.py::test_tools_nobody_has_are_an_error_for_the_skill_alone",
        _HERE + "test_kernel.py::test_tool_calls_are_told_in_order_between_the_items",
    ),
    _row(
        12,
        "metadata: valid, not JSON, no schema, with CSI, with a trap",
        _KERNEL + "runtimes/wasm/test_metadata.py",
        _HERE + "test_runs.py::test_functions_describe_themselves",
    ),
    _row(13, "the sandbox: nothing but clocks, randomness and a place to print", _HERE + "test_sandbox.py"),
    _row(
        14,
        "limits: loops, host calls, memory, large output, large input",
        _HERE + "test_sandbox.py::test_a_skill_that_does_not_end_can_be_stopped",
        _HERE + "test_runs.py::test_an_endless_host_call_can_be_stopped",
        _HERE + "test_runs.py::test_memory_is_limited",
        _HERE + "test_runs.py::test_answers_may_not_be_larger_than_the_limit",
        _HERE + "test_runs.py::test_an_input_of_eight_megabytes_arrives",
    ),
    _row(15, "nothing survives a run", _HERE + "test_runs.py::test_nothing_survives_to_the_next_run"),
)

_CSI = _KERNEL + "api/test_csi.py::"
_CHAT = _KERNEL + "api/test_csi_chat.py::"
_LEGACY = _KERNEL + "api/test_csi_legacy.py::"
_STREAMS = _KERNEL + "api/test_csi_streams.py::"

OVER_HTTP = (
    _row(68, "a completion of 0.2", _LEGACY + "test_functions_of_0_2"),
    _row(69, "all functions of 0.2", _LEGACY + "test_functions_of_0_2"),
    _row(
        70, "all functions of 0.3", _LEGACY + "test_functions_of_0_3", _LEGACY + "test_0_3_asks_for_log_probabilities"
    ),
    _row(71, "answers of both", _LEGACY + "test_functions_of_0_2", _LEGACY + "test_functions_of_0_3"),
    _row(72, "an unknown function", _LEGACY + "test_unknown_functions"),
    _row(73, "version 0.1", _LEGACY + "test_other_versions"),
    _row(74, "no version", _LEGACY + "test_no_version"),
    _row(75, "versions far away", _LEGACY + "test_other_versions"),
    _row(76, "newer and invalid versions", _LEGACY + "test_other_versions", _LEGACY + "test_no_version"),
    _row(77, "roles without case", _LEGACY + "test_functions_of_0_2"),
    _row(78, "versions 0.4 and 0.5", _LEGACY + "test_other_versions"),
    _row(79, "no echo by itself", _CSI + "test_echo_is_off_unless_asked_for"),
    _row(80, "echo on request", _CSI + "test_echo_is_off_unless_asked_for"),
    _row(81, "a completion stream", _STREAMS + "test_a_completion_is_these_bytes"),
    _row(82, "a chat stream", _STREAMS + "test_a_chat_of_the_first_version_is_these_bytes"),
    _row(
        83,
        "explain, chat, chunk",
        _CSI + "test_explanations",
        _CSI + "test_chunks",
        _CHAT + "test_answers_of_the_first_version",
    ),
    _row(
        84,
        "messages of every role, and all members of answers",
        _CHAT + "test_every_parameter_reaches_the_kernel",
        _CHAT + "test_answers_of_the_first_version",
        _CHAT + "test_answers_of_the_second_version_have_the_reasoning",
        _CHAT + "test_tool_calls_are_passed_on",
    ),
    _row(
        85,
        "tools, choice, schema; tool calls in a stream",
        _CHAT + "test_every_parameter_reaches_the_kernel",
        _STREAMS + "test_tool_calls_come_in_pieces",
    ),
    _row(86, "reasoning in a stream", _STREAMS + "test_a_chat_of_the_second_version_is_these_bytes"),
    _row(87, "a tool that fails", _CSI + "test_tools_are_called_in_the_namespace_of_the_body"),
    _row(88, "arguments of tools", _CSI + "test_tools_are_called_in_the_namespace_of_the_body"),
    _row(89, "tools of a namespace", _CSI + "test_tools_are_listed"),
    _row(90, "languages", _CSI + "test_languages"),
    _row(91, "a message without content", _CHAT + "test_a_chat_that_makes_no_sense_is_refused"),
    _row(92, "a failure before the first token", _STREAMS + "test_a_failure_is_the_last_event_of_a_good_answer"),
    _row(93, "tools of an unknown namespace", _CSI + "test_the_tools_of_an_unknown_namespace_are_not_there"),
    _row(94, "several requests", _CSI + "test_answers_keep_the_order_of_requests"),
)

_RUNS = (
    _row(134, "skills of old lines run", _HERE + "test_kernel.py::test_functions_are_called_with_a_value"),
    _row(135, "skills of new lines run", _HERE + "test_kernel.py::test_functions_are_called_with_a_value"),
    _row(136, "three calls, no state", _HERE + "test_runs.py::test_nothing_survives_to_the_next_run"),
    _row(
        137,
        "values pass both ways",
        _HERE + "test_documents.py",
        _HERE + "test_texts.py",
        _HERE + "test_chats.py",
        _HERE + "test_completions.py",
        _HERE + "test_tools.py",
    ),
    _row(138, "a message stream", _HERE + "test_output.py::test_messages_follow_each_other"),
    _row(
        139,
        "0.2 has no metadata",
        _HERE + "test_runs.py::test_skills_before_line_0_3_have_nothing_to_say_about_themselves",
    ),
    _row(
        140,
        "broken schemas",
        _KERNEL
        + "runtimes/wasm/test_metadata.py::test_what_is_no_schema_is_the_skills_fault_and_does_not_hurt_its_runs",
    ),
    _row(
        141, "calls that wait for each other", _HERE + "test_kernel.py::test_requests_of_one_list_run_at_the_same_time"
    ),
    _row(
        142,
        "the CSI fails in a function",
        _HERE + "test_failures.py::test_a_failure_of_any_function_ends_the_run_and_can_not_be_caught",
    ),
    _row(
        143,
        "the CSI fails in a stream, perhaps with nobody there",
        _HERE + "test_output.py::test_what_was_written_before_a_failure_of_the_csi_stays",
        _HERE + "test_output.py::test_a_skill_whose_consumer_is_gone_can_be_stopped",
    ),
    _row(144, "a function called as a stream", _HERE + "test_kernel.py::test_a_function_is_not_called_as_a_stream"),
    _row(145, "an end without begin", _HERE + "test_output.py::test_an_item_out_of_order_ends_the_run"),
    _row(146, "a payload that is no JSON", _HERE + "test_output.py::test_a_payload_that_is_not_json_ends_the_run"),
    _row(147, "a message without end", _HERE + "test_output.py::test_the_last_message_may_stay_open"),
    _row(148, "a tool in a function", _HERE + "test_kernel.py::test_functions_use_tools_again_and_again"),
    _row(149, "a tool in a stream", _HERE + "test_kernel.py::test_tool_calls_are_told_in_order_between_the_items"),
    _row(150, "two tools, one fails", _HERE + "test_kernel.py::test_tool_calls_are_told_in_order_between_the_items"),
    Row(151, "calls are counted", (), "the kernel has no counters yet, only logs and traces"),
    _row(152, "tools are listed", _HERE + "test_tools.py::test_tools_are_listed"),
    _row(
        153,
        "no skills",
        _KERNEL + "invocations/test_function_calls.py::test_unknown_skills_and_namespaces_are_told_apart",
    ),
    _row(
        154,
        "an endless stream at the end of the kernel",
        _KERNEL + "invocations/test_message_streams.py::test_a_stopping_kernel_ends_streams_with_an_event",
    ),
    _row(155, "two tool calls one after the other", _HERE + "test_kernel.py::test_functions_use_tools_again_and_again"),
    _row(156, "the CSI in metadata", _KERNEL + "runtimes/wasm/test_metadata.py::test_the_csi_is_forbidden_meanwhile"),
)

_NATIVE = _KERNEL + "csi/tools/test_native.py::"
_TEXTS = (
    _row(181, "two searches at once", _KERNEL + "csi/test_concurrently.py"),
    _row(
        182,
        "characters without a tokenizer",
        _KERNEL
        + "csi/chunking/test_chunker.py::"
        + "test_characters_are_counted_only_if_that_was_configured_and_the_answer_says_so",
    ),
    _row(183, "chunks end at borders", _KERNEL + "csi/chunking/test_splitting.py"),
    _row(
        184,
        "overlap and offsets",
        _KERNEL + "csi/chunking/test_splitting.py::test_digits_with_overlap",
        _WHOLE + "test_texts.py::test_chunks_overlap_and_have_offsets",
    ),
    _row(185, "three languages, two candidates", _WHOLE + "test_texts.py::test_languages_are_selected"),
    _row(186, "an unknown language", _KERNEL + "csi/language/test_selector.py::test_an_unknown_code_is_named"),
    _row(187, "no candidates", _KERNEL + "csi/language/test_selector.py::test_no_candidates_give_no_language"),
    _row(188, "tools of other namespaces", _NATIVE + "test_a_tool_is_known_only_in_its_namespaces"),
    _row(191, "the tools of test-beta", _NATIVE + "test_tools_are_listed_by_name_with_their_schemas"),
    _row(192, "a namespace without tools", _KERNEL + "api/test_tools.py::test_a_namespace_may_have_nothing"),
    _row(193, "tools of an unknown namespace", _KERNEL + "api/test_tools.py::test_unknown_namespaces_are_not_found"),
)

_HELLO = _KERNEL + "runtimes/test_builtin.py::"
_BUILTIN = (
    _row(
        203,
        "built-in skills",
        _HELLO + "test_hello_says_hello_letter_by_letter",
        _HELLO + "test_saboteur_fails",
        _HELLO + "test_tool_caller_adds_one_and_two",
    ),
    _row(204, "a joke that fails", _HELLO + "test_tell_me_a_joke_passes_the_backends_error_on_and_closes_the_stream"),
)

COMPATIBILITY = (*OVER_HTTP, *_RUNS, *_TEXTS, *_BUILTIN)
