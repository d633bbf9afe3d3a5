// SPDX-License-Identifier: Apache-2.0
/// \file
/// From a network's blocks to classes of a PyTorch module.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/io/detail/network_units.hpp"
#include "nascent/io/detail/torch_helpers.hpp"
#include "nascent/io/detail/torch_layers.hpp"

namespace nascent {

/// A network as PyTorch source, and where its layers are in the module.
struct torch_source {
  /// Of a layer: names of modules, such as "stage_1.0.conv2" and "stage_1.0.norm2"; empty where there is none.
  struct layer_modules {
    std::string own{};
    std::string norm{};
  };

  std::string text{};
  std::string class_name{};              ///< of the whole network; its constructor takes nothing
  std::vector<layer_modules> modules{};  ///< one per layer
};

namespace detail {

/// Blocks whose text differs in holes alone become one class, whose constructor takes what differs. Parts are written
/// before the blocks that they are parts of.
class torch_builder : network_units {
 public:
  torch_builder(const network& graph, float epsilon)
      : network_units(graph), layers_(graph, epsilon), written_(graph.blocks().size()) {
    source_.modules.resize(graph.layers().size());
  }

  torch_source build(const std::string& about) {
    source_.class_name = class_names_.take(class_name(graph_.name()));
    write_blocks();
    const std::string whole = write_network();
    std::string& text = source_.text;
    text = "\"\"\"" + about + "\"\"\"\n\nimport torch\nimport torch.nn.functional as F\nfrom torch import nn\n";
    for (const torch_helper& h : torch_helpers)
      if (layers_.helpers().contains(h.name)) text += "\n\n" + std::string(h.text);
    return finish(whole);
  }

 private:
  /// A block as it is built in a container.
  struct call {
    std::string class_name{};
    std::vector<std::string> names{};  ///< of arguments
    std::vector<hole> values{};
  };
  struct container_text {
    python_template init{};
    python_template forward{};
    std::string parameters{};  ///< of forward
  };

  // --- classes of blocks

  int depth_of(int number) const {
    int depth = 0;
    for (int p = block(number).parent; p >= 0; p = block(p).parent) ++depth;
    return depth;
  }

  void write_blocks() {
    std::map<int, std::vector<int>, std::greater<>> by_depth;
    for (std::size_t i = 0; i < graph_.blocks().size(); ++i)
      if (!is_plain_layer(graph_.blocks()[i])) by_depth[depth_of(static_cast<int>(i))].push_back(static_cast<int>(i));
    for (const auto& [depth, numbers] : by_depth) write_level(numbers);
  }

  /// Blocks of one depth, those of one text together.
  void write_level(const std::vector<int>& numbers) {
    std::vector<std::vector<std::pair<int, container_text>>> groups;
    std::map<std::string, std::size_t> group_of;
    for (const int n : numbers) {
      const block_span& b = block(n);
      const unit_container c = contain(b.first_layer, b.end_layer(), n);
      container_text t = write(c);
      std::string key = std::string(b.name) + "\n" + t.parameters + "\n" + t.init.text + "\n" + t.forward.text;
      const auto [at, is_new] = group_of.try_emplace(std::move(key), groups.size());
      if (is_new) groups.emplace_back();
      groups[at->second].emplace_back(n, std::move(t));
    }
    std::map<std::string_view, int> classes_of;
    for (const auto& g : groups) ++classes_of[block(g.front().first).name];
    for (const auto& g : groups) {
      const block_span& b = block(g.front().first);
      write_class(g, class_name(b.name) + (classes_of[b.name] > 1 ? distinction(b) : ""));
    }
  }

  void write_class(const std::vector<std::pair<int, container_text>>& members, const std::string& wanted) {
    const container_text& text = members.front().second;
    std::vector<std::vector<hole>> holes;
    std::vector<std::string> in, out;
    for (const auto& [n, t] : members) {
      holes.push_back(t.init.holes);
      for (const hole& h : t.forward.holes) holes.back().push_back(h);
      in.push_back(std::to_string(graph_.tensor_shape(inputs_of_block(n).front()).channels));
      out.push_back(
          std::to_string(graph_.tensor_shape(outputs_of(block(n).first_layer, block(n).end_layer()).back()).channels));
    }
    const class_arguments a = find_arguments(holes, in, out);
    const std::string name = class_names_.take(wanted);
    for (std::size_t i = 0; i < members.size(); ++i) {
      call& c = written_[static_cast<std::size_t>(members[i].first)];
      c = {name, a.names, {}};
      for (const std::size_t h : a.holes) c.values.push_back(holes[i][h]);
      for (hole& h : c.values) h.in_forward = false;
    }
    std::string init = text.init.text;
    for (const std::string& kept : a.kept) init += "        self." + kept + " = " + kept + "\n";
    std::string parameters = "self";
    for (const std::string& argument : a.names) parameters += ", " + argument;
    std::string body = init + forward_head(text.parameters) + text.forward.text;
    // The kept arguments come between the two: holes are counted through both.
    body = filled(body, a.texts);
    drop_usual_arguments(body);
    classes_ += "\n\nclass " + name + "(nn.Module):\n    \"\"\"" + about_block(members.front().first) +
                "\"\"\"\n\n    def __init__(" + parameters + "):\n        super().__init__()\n" + body;
  }

  std::vector<int> inputs_of_block(int n) const { return inputs_of(block(n).first_layer, block(n).end_layer()); }

  static std::string forward_head(const std::string& parameters) {
    return "\n    def forward(self, " + parameters + "):\n";
  }

  // --- containers

  /// The name of a unit's attribute without a number.
  std::string base_of(const network_unit& u) const {
    if (u.blocks.empty()) return std::string(torch_attribute(graph_.layers()[u.first]));
    return attribute_name(block(u.blocks.front()).name, "block");
  }

  /// A block's lines: attributes are numbered where there are several of a kind.
  container_text write(const unit_container& c) {
    std::map<std::string, int> count;
    for (const network_unit& u : c.units) ++count[base_of(u)];
    std::map<std::string, int> seen;
    unique_names names(reserved_attributes());
    return write(c, [&](const network_unit& u) {
      const std::string base = base_of(u);
      return names.take(count[base] > 1 ? base + std::to_string(++seen[base]) : base, "_");
    });
  }

  template <class Name>
  container_text write(const unit_container& c, Name name) {
    container_text t;
    std::map<int, std::string> variables;
    std::set<std::string> busy;
    const std::map<int, std::size_t> last = last_uses(c);
    for (const int in : c.inputs) {
      variables[in] = fresh(busy);
      t.parameters += (t.parameters.empty() ? "" : ", ") + variables[in];
    }
    for (std::size_t i = 0; i < c.units.size(); ++i) {
      const network_unit& u = c.units[i];
      std::vector<std::string> operands;
      std::vector<int> ids = inputs_of(u.first, u.end);
      const std::vector<int> results = outputs_of(u.first, u.end);
      if (u.blocks.empty()) {
        const layer& l = graph_.layers()[u.first];
        ids.assign(l.operands.begin(), l.operands.begin() + l.operand_count);
      }
      for (const int id : ids) operands.push_back(variables.at(id));
      python_template value =
          base_of(u).empty() ? layers_.expression(u.first, operands, "", "") : attribute(t, u, name(u), operands);
      for (hole& h : value.holes) h.in_forward = true;
      if (i + 1 == c.units.size() && results == c.outputs && results.size() == 1 && !returns_names(c)) {
        t.forward += "        return ";
        t.forward += standing_alone(value);
        t.forward += "\n";
        return t;
      }
      // Names of maps that nobody reads any more are free.
      std::vector<std::string> freed;
      for (const int id : ids)
        if (last.at(id) < u.end && std::ranges::find(freed, variables[id]) == freed.end())
          freed.push_back(variables[id]);
      for (const std::string& f : freed) busy.erase(f);
      std::string left;
      for (std::size_t r = 0; r < results.size(); ++r) {
        variables[results[r]] = r == 0 && !freed.empty() ? freed.front() : fresh(busy);
        busy.insert(variables[results[r]]);
        left += (r > 0 ? ", " : "") + variables[results[r]];
      }
      t.forward += "        " + left + " = ";
      t.forward += standing_alone(value);
      t.forward += "\n";
    }
    std::string all;
    if (returns_names(c)) {
      for (const network_output& o : graph_.outputs())
        all += (all.empty() ? "" : ", ") + quoted(o.name) + ": " + variables.at(o.tensor);
      all = "{" + all + "}";
    } else {
      for (const int out : c.outputs) all += (all.empty() ? "" : ", ") + variables.at(out);
    }
    t.forward += "        return " + all + "\n";
    return t;
  }

  /// Several outputs of the network have names.
  bool returns_names(const unit_container& c) const {
    return c.first == 0 && c.end == graph_.layers().size() && c.units.size() != 0 && is_network_ &&
           graph_.outputs().size() > 1;
  }
  static std::string quoted(const std::string& text) {
    std::string all = "\"";
    for (const char ch : text) {
      if (ch == '"' || ch == '\\') all += '\\';
      if (ch == '\n') all += "\\n";
      else if (static_cast<unsigned char>(ch) < 0x20) all += '?';
      else all += ch;
    }
    return all + "\"";
  }

  static std::string fresh(std::set<std::string>& busy) {
    static constexpr std::string_view few = "xyzuvw";
    for (std::size_t i = 0;; ++i) {
      const std::string name = i < few.size() ? std::string(1, few[i]) : "x" + std::to_string(i - few.size() + 2);
      if (busy.insert(name).second) return name;
    }
  }

  /// A sum needs no parentheses where nothing stands around it.
  static python_template standing_alone(const python_template& value) {
    if (!value.text.starts_with('(') || !value.text.ends_with(')')) return value;
    return {value.text.substr(1, value.text.size() - 2), value.holes};
  }

  /// Writes the attribute of a unit and gives the expression that calls it.
  python_template attribute(container_text& t, const network_unit& u, const std::string& own,
                            const std::vector<std::string>& operands) {
    t.init += "        self." + own + " = ";
    if (u.blocks.empty()) {
      const layer& l = graph_.layers()[u.first];
      t.init += layers_.module(l);
      t.init += "\n";
      std::string norm;
      if (has_torch_norm(l)) {
        norm = norm_name(own);
        t.init += "        self." + norm + " = ";
        t.init += layers_.norm(l);
        t.init += "\n";
      }
      source_.modules[u.first] = {own, norm};
      return layers_.expression(u.first, operands, own, norm);
    }
    if (u.blocks.size() == 1) {
      t.init += written(u.blocks.front());
      prepend(u.first, u.end, own + ".");
    } else {
      t.init += sequential(u, own);
    }
    t.init += "\n";
    std::string all;
    for (const std::string& o : operands) all += (all.empty() ? "" : ", ") + o;
    return {.text = "self." + own + "(" + all + ")"};
  }

  /// conv2 has norm2, stem_conv has stem_norm.
  static std::string norm_name(std::string own) {
    for (const std::string_view base : {"conv_transpose", "conv"})
      if (const std::size_t at = own.rfind(base); at != std::string::npos)
        return own.replace(at, base.size(), base == "conv" ? "norm" : "transposed_norm");
    return own + "_norm";
  }

  void prepend(std::size_t first, std::size_t end, const std::string& prefix) {
    for (std::size_t i = first; i < end; ++i) {
      torch_source::layer_modules& m = source_.modules[i];
      if (!m.own.empty()) m.own = prefix + m.own;
      if (!m.norm.empty()) m.norm = prefix + m.norm;
    }
  }

  /// Mbconv(in_channels=16, out_channels=24)
  python_template written(int number) const {
    const call& c = written_[static_cast<std::size_t>(number)];
    python_template t;
    t += c.class_name + "(";
    for (std::size_t i = 0; i < c.names.size(); ++i) {
      t += (i > 0 ? ", " : "") + c.names[i] + "=";
      t += std::string(1, python_template::mark);
      t.holes.push_back(c.values[i]);
    }
    t += ")";
    return t;
  }

  /// Equal neighbours are written once.
  python_template sequential(const network_unit& u, const std::string& own) {
    std::vector<std::pair<std::string, int>> items;
    for (std::size_t i = 0; i < u.blocks.size(); ++i) {
      const python_template t = written(u.blocks[i]);
      std::vector<std::string> values;
      for (const hole& h : t.holes) values.push_back(h.value);
      std::string item = filled(t.text, values);
      if (!items.empty() && items.back().first == item) ++items.back().second;
      else items.emplace_back(std::move(item), 1);
      const block_span& b = block(u.blocks[i]);
      prepend(b.first_layer, b.end_layer(), own + "." + std::to_string(i) + ".");
    }
    python_template all;
    all += "nn.Sequential(\n";
    for (const auto& [item, times] : items)
      all += times == 1 ? "            " + item + ",\n"
                        : "            *(" + item + " for _ in range(" + std::to_string(times) + ")),\n";
    all += "        )";
    return all;
  }

  // --- the network

  std::string write_network() {
    is_network_ = true;
    unit_container c = contain(0, graph_.layers().size(), -1);
    join_stages(c);
    c.outputs = graph_.output_tensors();
    std::map<std::string, int> units_in;
    for (const network_unit& u : c.units)
      if (!base_of(u).empty()) ++units_in[graph_.stage_of(u.first)];
    unique_names names(reserved_attributes());
    std::set<std::string> staged;
    const container_text t = write(c, [&](const network_unit& u) {
      const std::string& stage = graph_.stage_of(u.first);
      if (stage.empty()) return names.take(base_of(u), "_");
      const std::string prefix = attribute_name(stage, "stage");
      const bool whole = units_in[stage] == 1 && !u.blocks.empty();
      return names.take(whole ? prefix : u.blocks.size() > 1 ? prefix + "_blocks" : prefix + "_" + base_of(u), "_");
    });
    std::vector<std::string> values;
    for (const hole& h : t.init.holes) values.push_back(h.value);
    for (const hole& h : t.forward.holes) values.push_back(h.value);
    std::string body =
        filled(t.init.text + forward_head(t.parameters.empty() ? "x" : t.parameters) + t.forward.text, values);
    drop_usual_arguments(body);
    const shape& in = graph_.input();
    return "\n\nclass " + source_.class_name + "(nn.Module):\n    input_shape = (" + std::to_string(in.channels) +
           ", " + std::to_string(in.height) + ", " + std::to_string(in.width) +
           ")\n\n    def __init__(self):\n        super().__init__()\n" + body;
  }

  torch_source finish(const std::string& whole) {
    const std::string& name = source_.class_name;
    source_.text += classes_ + whole + "\n\nif __name__ == \"__main__\":\n    model = " + name +
                    "().eval()\n    print(sum(p.numel() for p in model.parameters()), \"parameters\")\n"
                    "    print(model(torch.zeros(" +
                    std::to_string(graph_.input().batch) + ", *model.input_shape)))\n";
    return std::move(source_);
  }

  torch_layers layers_;
  torch_source source_;
  std::vector<call> written_;  ///< one per block
  std::string classes_;
  unique_names class_names_{[] {
    std::set<std::string> taken{"F", "nn", "torch", "super", "sum", "print"};
    for (const torch_helper& h : torch_helpers) taken.insert(std::string(h.name));
    return taken;
  }()};
  bool is_network_ = false;
};

}  // namespace detail
}  // namespace nascent
