// A control group (version 2) that holds all processes of one step: none of them leaves it by a fork, a new session, a
// cleared environment or the death of its parent, and the kernel kills all of them at once. It is used where this user
// may make groups below the runner's own (as root, or in a unit with `Delegate=yes`); elsewhere the other means must
// do.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace quietgate {

// Where the group of a step that this process begins would be; empty when there is no place for any.
std::string control_group_of(const std::string& id);
// Makes the group of this step; answers its folder, empty when none can be made here.
std::string make_control_group(const std::string& id);
// Whether a folder that a record names can be the group of this step.
bool is_control_group_of(const std::string& folder, const std::string& id);
// A descriptor of the folder, for processes that are to be made in the group. -1 when there is none.
int open_control_group(const std::string& folder);
// Its processes, those of groups below it left out. Empty when there is no such group.
std::vector<pid_t> control_group_members(const std::string& folder);
// Whether a process lives in it or below it: asked of the kernel, from which no quick succession of forks hides.
bool control_group_lives(const std::string& folder);
// Kills all that is in it and below it. Does nothing without a group.
void kill_control_group(const std::string& folder);
// Below the caller's own group, of whatever steps: those in which nothing lives. A leader that waits makes its own
// anew.
void remove_idle_control_groups();
// It goes when nothing lives in it; does nothing without a group.
void remove_control_group(const std::string& folder);

}  // namespace quietgate
