// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "malformed_topologies.hpp"

namespace {

std::string repeat(const std::string &text, int times) {
    std::string out;
    for (int i = 0; i < times; i++)
        out += text;
    return out;
}

} // namespace

std::vector<Malformed> malformed_topologies() {
    // Valid devices, so that a case can be about something else.
    const std::string gpus =
        "devices: [{name: \"gpu[0-3]\", kind: gpu}, {name: sw0, kind: switch}]\n";
    return {
        {"empty_file", "", "t.yaml: the file is empty; it must state devices"},
        {"not_yaml", "devices: [\n",
         "t.yaml:2:1: this is not YAML: end of sequence flow not found"},
        {"bad_indent", "devices:\n  - name: a\n   kind: gpu\n",
         "t.yaml:3:4: this is not YAML: end of sequence not found"},
        {"two_documents", gpus + "---\n" + gpus,
         "t.yaml:3:1: a second document begins here; a file states one topology"},
        {"comma_after_the_end", "    devices: []\n  , name: x\n",
         "t.yaml:2:3: a second document begins here; a file states one topology"},
        {"root_is_list", "- devices\n", "t.yaml:1:1: a topology must be a map of keys to values"},
        {"no_devices", "name: x\n", "t.yaml:1:1: a topology lacks \"devices\""},
        {"devices_is_map", "devices: {gpu0: gpu}\n", "t.yaml:1:10: devices must be a list"},
        {"links_is_scalar", gpus + "links: none\n", "t.yaml:2:8: links must be a list"},
        {"unknown_root_key", "device: []\n" + gpus,
         "t.yaml:1:1: a topology has no key \"device\"; did you mean \"devices\"?"},
        {"root_key_twice", gpus + gpus, "t.yaml:2:1: a topology has the key \"devices\" twice"},
        {"long_topology_name", "name: a-name-that-is-longer-than-thirty-one\n" + gpus,
         "t.yaml:1:7: the topology's name has 37 bytes; 31 is the most"},
        {"name_that_moves_the_cursor", "name: \"a\\e[2Jb\\nc\"\n" + gpus,
         "t.yaml:1:7: the topology's name \"a\\x1b[2Jb\\x0ac\" has characters that cannot be "
         "printed"},
        {"name_with_half_a_character", "name: \"\\ud800 \xc3\xbc\"\n" + gpus,
         "t.yaml:1:14: this is not YAML: invalid unicode: 55296"},
        {"unknown_key_of_two_lines", "\"de\\nvices\": []\n" + gpus,
         "t.yaml:1:1: a topology has no key \"de\\x0avices\"; did you mean \"devices\"?"},
        {"defaults_of_wrong_object", "defaults: {gpu: {backend: sim}}\n" + gpus,
         "t.yaml:1:12: defaults has no key \"gpu\"; it may have device, link"},
        {"default_name", "defaults: {device: {name: x}}\n" + gpus,
         "t.yaml:1:21: the default device has no key \"name\"; it may have kind, backend, ports, "
         "regions, engines"},
        {"bad_default_said_once",
         "defaults: {device: {backend: sim, regions: [{kind: hbm, bytes: 1XB}]}}\n" + gpus,
         "t.yaml:1:64: the region: \"1XB\" is not a size: there is no unit \"XB\"; write for "
         "example "
         "80GiB, 64MB or 4096"},
        {"device_is_scalar", "devices: [gpu0]\n",
         "t.yaml:1:11: a device must be a map of keys to values"},
        {"device_without_name", "devices: [{kind: gpu}]\n", "t.yaml:1:11: a device lacks \"name\""},
        {"device_without_kind", "devices: [{name: gpu0}]\n",
         "t.yaml:1:11: a device lacks \"kind\""},
        {"unknown_kind", "devices: [{name: gpu0, kind: gpux}]\n",
         "t.yaml:1:30: the kind \"gpux\" is unknown; it is one of cpu, gpu, npu, dpu, nic, memory, "
         "storage, switch"},
        {"unknown_device_key", "devices: [{name: gpu0, kind: gpu, regoins: []}]\n",
         "t.yaml:1:35: a device has no key \"regoins\"; did you mean \"regions\"?"},
        {"strange_device_key", "devices: [{name: gpu0, kind: gpu, colour: red}]\n",
         "t.yaml:1:35: a device has no key \"colour\"; it may have name, kind, backend, ports, "
         "regions, engines"},
        {"name_starts_with_digit", "devices: [{name: 0gpu, kind: gpu}]\n",
         "t.yaml:1:18: \"0gpu\" is not a name: it begins with a letter, and letters, digits, '.', "
         "'_' "
         "and '-' follow"},
        {"name_with_colon", "devices: [{name: \"gpu:0\", kind: gpu}]\n",
         "t.yaml:1:18: \"gpu:0\" is not a name: it begins with a letter, and letters, digits, '.', "
         "'_' "
         "and '-' follow"},
        {"name_too_long", "devices: [{name: a-name-that-is-longer-than-thirty-one, kind: gpu}]\n",
         "t.yaml:1:18: the name \"a-name-that-is-longer-than-thirty-one\" has 37 bytes; 31 is the "
         "most"},
        {"name_twice",
         "devices:\n  - {name: \"gpu[0-3]\", kind: gpu}\n  - {name: gpu2, kind: gpu}\n",
         "t.yaml:3:12: the device \"gpu2\" is stated twice, first on line 2"},
        {"range_unclosed", "devices: [{name: \"gpu[0-3\", kind: gpu}]\n",
         "t.yaml:1:18: the device name \"gpu[0-3\" opens a bracket that it does not close; write "
         "for "
         "example gpu[0-7] or gpu[0,2,4-6]"},
        {"range_backwards", "devices: [{name: \"gpu[3-0]\", kind: gpu}]\n",
         "t.yaml:1:18: the device name \"gpu[3-0]\" has a range that runs backwards; write for "
         "example "
         "gpu[0-7] or gpu[0,2,4-6]"},
        {"range_of_letters", "devices: [{name: \"gpu[a-c]\", kind: gpu}]\n",
         "t.yaml:1:18: the device name \"gpu[a-c]\" has a bracket with something else than "
         "numbers; "
         "write for example gpu[0-7] or gpu[0,2,4-6]"},
        {"range_too_long", "devices: [{name: \"gpu[0-99999]\", kind: gpu}]\n",
         "t.yaml:1:18: the device name \"gpu[0-99999]\" stands for more than 65536 names; write "
         "for "
         "example gpu[0-7] or gpu[0,2,4-6]"},
        {"too_many_devices", "devices: [{name: \"gpu[0-4096]\", kind: gpu}]\n",
         "t.yaml:1:18: there are over 4096 devices"},
        {"too_many_ports", "devices: [{name: gpu0, kind: gpu, ports: 1025}]\n",
         "t.yaml:1:42: the number of ports \"1025\" is not a number from 0 to 1024"},
        {"ports_is_word", "devices: [{name: gpu0, kind: gpu, ports: many}]\n",
         "t.yaml:1:42: the number of ports \"many\" is not a number from 0 to 1024"},
        {"switch_with_regions",
         "devices: [{name: sw0, kind: switch, regions: [{kind: dram, bytes: 4KiB}]}]\n",
         "t.yaml:1:46: a switch has no regions; remove the key"},
        {"host_with_engines",
         "devices: [{name: cpu0, kind: cpu, backend: host, engines: [{count: 1}]}]\n",
         "t.yaml:1:59: the backend \"host\" says itself what engines its devices have; remove the "
         "key"},
        {"region_without_bytes", "devices: [{name: gpu0, kind: gpu, regions: [{kind: hbm}]}]\n",
         "t.yaml:1:45: a region lacks \"bytes\""},
        {"region_of_unknown_kind",
         "devices: [{name: gpu0, kind: gpu, regions: [{kind: ram, bytes: 4KiB}]}]\n",
         "t.yaml:1:52: the kind \"ram\" is unknown; it is one of dram, hbm, gddr, cxl, sram, bar"},
        {"region_bytes_overflow",
         "devices: [{name: gpu0, kind: gpu, regions: [{kind: hbm, bytes: 16384PiB}]}]\n",
         "t.yaml:1:64: the region: \"16384PiB\" is not a size: it does not fit 64 bits; write for "
         "example 80GiB, 64MB or 4096"},
        {"region_bytes_not_whole_pages",
         "devices: [{name: gpu0, kind: gpu, regions: [{kind: hbm, bytes: 80GB, page: 64KiB}]}]\n",
         "t.yaml:1:64: the region of 80000000000 bytes is not made of whole pages of 64KiB"},
        {"region_page_not_power_of_two",
         "devices: [{name: gpu0, kind: gpu, regions: [{kind: hbm, bytes: 12KiB, page: 12KiB}]}]\n",
         "t.yaml:1:77: the page of 12288 bytes is not a power of two of at least 4KiB"},
        {"too_many_regions",
         "devices: [{name: gpu0, kind: gpu, regions: [\n" + repeat("{kind: hbm, bytes: 4KiB},", 9) +
             "]}]\n",
         "t.yaml:1:44: there are 9 regions; 8 is the most"},
        {"too_many_engines",
         "devices: [{name: gpu0, kind: gpu, engines: [{count: 16}, {count: 1}]}]\n",
         "t.yaml:1:44: there are 17 engines; 16 is the most"},
        {"engine_count_zero", "devices: [{name: gpu0, kind: gpu, engines: [{count: 0}]}]\n",
         "t.yaml:1:53: count \"0\" is not a number from 1 to 16"},
        {"engine_rate_without_unit",
         "devices: [{name: gpu0, kind: gpu, engines: [{bandwidth: 450}]}]\n",
         "t.yaml:1:57: the bandwidth: \"450\" is not a rate: the unit is missing; write for "
         "example "
         "450GB/s or 400Gbit/s"},
        {"engine_latency_is_rate",
         "devices: [{name: gpu0, kind: gpu, engines: [{latency: 1GB/s}]}]\n",
         "t.yaml:1:55: the latency: \"1GB/s\" is not a duration: there is no unit \"GB/s\"; write "
         "for "
         "example 300ns or 1.5us"},
        {"link_without_bandwidth", gpus + "links:\n  - {between: [gpu0, gpu1], type: nvlink}\n",
         "t.yaml:3:5: a link lacks \"bandwidth\""},
        {"link_without_ends", gpus + "links:\n  - {bandwidth: 1GB/s}\n",
         "t.yaml:3:5: a link lacks \"between\""},
        {"link_with_three_ends",
         gpus + "links:\n  - {between: [gpu0, gpu1, gpu2], bandwidth: 1GB/s}\n",
         "t.yaml:3:15: between must be a list of two ends, as in [gpu0, nvsw0]"},
        {"link_to_unknown_device",
         gpus + "links:\n  - {between: [gpu0, gpuu1], bandwidth: 1GB/s}\n",
         "t.yaml:3:22: no device is named \"gpuu1\"; did you mean \"gpu1\"?"},
        {"link_to_stranger", gpus + "links:\n  - {between: [storage0, gpu1], bandwidth: 1GB/s}\n",
         "t.yaml:3:16: no device is named \"storage0\"; state it under devices"},
        {"link_of_unknown_type",
         gpus + "links:\n  - {between: [gpu0, gpu1], type: nvlnk, bandwidth: 1GB/s}\n",
         "t.yaml:3:35: the type \"nvlnk\" is unknown; it is one of other, pcie, cxl, nvlink, xgmi, "
         "ub, "
         "ualink, ethernet, socket"},
        {"link_key_misspelt", gpus + "links:\n  - {between: [gpu0, gpu1], bandwith: 1GB/s}\n",
         "t.yaml:3:5: a link lacks \"bandwidth\"\n"
         "t.yaml:3:29: a link has no key \"bandwith\"; did you mean \"bandwidth\"?"},
        {"link_to_itself",
         gpus + "links:\n  - {between: [\"gpu[0-3]\", \"gpu[0-3]\"], bandwidth: 1GB/s}\n",
         "t.yaml:3:15: this links \"gpu0\" to itself; each two of a range are linked by pair: "
         "mesh"},
        {"link_rate_zero", gpus + "links:\n  - {between: [gpu0, gpu1], bandwidth: 0}\n",
         "t.yaml:3:40: the bandwidth must be above 0; a one-way link is written from its source, "
         "with "
         "ba: 0"},
        {"link_rate_ambiguous_bits",
         gpus + "links:\n  - {between: [gpu0, gpu1], bandwidth: 400Gb/s}\n",
         "t.yaml:3:40: the bandwidth: \"400Gb/s\" is not a rate: there is no unit \"Gb/s\"; write "
         "for "
         "example 450GB/s or 400Gbit/s"},
        {"link_rate_only_back",
         gpus + "links:\n  - {between: [gpu0, gpu1], bandwidth: {ba: 1GB/s}}\n",
         "t.yaml:3:40: the bandwidth lacks \"ab\""},
        {"link_pair_unknown",
         gpus + "links:\n  - {between: [gpu0, gpu1], pair: all, bandwidth: 1GB/s}\n",
         "t.yaml:3:35: the pair \"all\" is unknown; it is one of cross, zip, mesh"},
        {"link_zip_uneven",
         gpus +
             "links:\n  - {between: [\"gpu[0-3]\", \"gpu[0-2]\"], pair: zip, bandwidth: 1GB/s}\n",
         "t.yaml:3:15: 4 ends cannot be spread evenly over 3; pair: zip needs one length to be a "
         "multiple of the other"},
        {"link_mesh_of_two_ranges",
         gpus +
             "links:\n  - {between: [\"gpu[0-1]\", \"gpu[2-3]\"], pair: mesh, bandwidth: 1GB/s}\n",
         "t.yaml:3:15: both ends of a mesh must be the same range"},
        {"link_port_taken",
         gpus + "links:\n  - {between: [\"gpu0:1\", gpu1], bandwidth: 1GB/s}\n  - {between: [gpu2, "
                "\"gpu0:1\"], bandwidth: 1GB/s}\n",
         "t.yaml:4:22: port 1 of \"gpu0\" has a link already"},
        {"link_port_not_a_number",
         gpus + "links:\n  - {between: [\"gpu0:x\", gpu1], bandwidth: 1GB/s}\n",
         "t.yaml:3:16: the port \"x\" is not a number from 0 to 1023"},
        {"link_port_beyond",
         "devices: [{name: a, kind: gpu, ports: 2}, {name: b, kind: gpu}]\nlinks:\n  - {between: "
         "[b, "
         "\"a:2\"], bandwidth: 1GB/s}\n",
         "t.yaml:3:19: \"a\" has no port 2; its 2 ports count from 0"},
        {"link_one_port_too_many",
         "devices: [{name: a, kind: gpu, ports: 1}, {name: \"b[0-1]\", kind: gpu}]\nlinks:\n  - "
         "{between: [\"b[0-1]\", a], bandwidth: 1GB/s}\n",
         "t.yaml:3:26: all ports of \"a\" (1) are taken by the links before this one"},
        {"all_problems_are_said",
         "name: [x]\ndevices:\n  - {name: gpu0, kind: gpux}\n  - {kind: gpu, bakend: "
         "sim}\nlinks:\n  - "
         "{between: [gpu0, gpu9], latency: 5}\n",
         "t.yaml:1:7: the topology's name must be a word or a number\n"
         "t.yaml:3:24: the kind \"gpux\" is unknown; it is one of cpu, gpu, npu, dpu, nic, memory, "
         "storage, switch\n"
         "t.yaml:4:5: a device lacks \"name\"\n"
         "t.yaml:4:17: a device has no key \"bakend\"; did you mean \"backend\"?\n"
         "t.yaml:6:5: a link lacks \"bandwidth\"\n"
         "t.yaml:6:22: no device is named \"gpu9\"; did you mean \"gpu0\"?\n"
         "t.yaml:6:38: the latency: \"5\" is not a duration: the unit is missing; write for "
         "example "
         "300ns or 1.5us"},
        {"twenty_problems_at_most", "devices:\n" + repeat("  - {name: x}\n", 30),
         "t.yaml:2:5: a device lacks \"kind\"\n"
         "t.yaml:3:5: a device lacks \"kind\"\n"
         "t.yaml:3:12: the device \"x\" is stated twice, first on line 2\n"
         "t.yaml:4:5: a device lacks \"kind\"\n"
         "t.yaml:4:12: the device \"x\" is stated twice, first on line 2\n"
         "t.yaml:5:5: a device lacks \"kind\"\n"
         "t.yaml:5:12: the device \"x\" is stated twice, first on line 2\n"
         "t.yaml:6:5: a device lacks \"kind\"\n"
         "t.yaml:6:12: the device \"x\" is stated twice, first on line 2\n"
         "t.yaml:7:5: a device lacks \"kind\"\n"
         "t.yaml:7:12: the device \"x\" is stated twice, first on line 2\n"
         "t.yaml:8:5: a device lacks \"kind\"\n"
         "t.yaml:8:12: the device \"x\" is stated twice, first on line 2\n"
         "t.yaml:9:5: a device lacks \"kind\"\n"
         "t.yaml:9:12: the device \"x\" is stated twice, first on line 2\n"
         "t.yaml:10:5: a device lacks \"kind\"\n"
         "t.yaml:10:12: the device \"x\" is stated twice, first on line 2\n"
         "t.yaml:11:5: a device lacks \"kind\"\n"
         "t.yaml:11:12: the device \"x\" is stated twice, first on line 2\n"
         "t.yaml:12:5: a device lacks \"kind\""},
    };
}
