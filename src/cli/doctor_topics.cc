#include "cli/doctor_topics.h"

namespace kw::cli {

namespace {

constexpr DoctorTopic kTopics[] = {
    {"CN-1", "does the server answer?", "without a connection nothing else can be checked",
     "start the server; compare the address with: keywright context show"},
    {"SE-1", "is the server unsealed?",
     "a sealed server holds no key in memory and refuses every use",
     "as many custodians as the threshold type: keywright seal unseal"},
    {"AC-1", "may you read the server's own checks?",
     "they are for operators, auditors and security officers",
     "ask a security officer for one of these roles; who am I: keywright token self"},
    {"SV-1", "is this node unsealed?", "as SE-1, seen from inside", "keywright seal unseal"},
    {"SV-2", "is this node in touch with the store?",
     "a node that lost the store fences itself, so that no revoked key is used",
     "check the way to the store; the node comes back by itself"},
    {"SV-3", "is memory for keys locked?",
     "memory that is not locked may be written to swap, keys with it",
     "raise LimitMEMLOCK of the service, or RLIMIT_MEMLOCK, and restart"},
    {"SV-4", "which cryptographic library is used?", "some algorithms need a newer one",
     "keywright help algorithms   (which ones are missing)"},
    {"SV-5", "is this a real installation?",
     "a development server unseals itself, knows no approvals, and one token holds all roles",
     "keywright help config, then: keywright server --config FILE"},
    {"ST-1", "does the store commit, and fast enough?",
     "every change waits for one commit; 0.1 s is the limit",
     "look at the disk's latency and free space, and at the database's own log"},
    {"AU-1", "is the access log written?",
     "no answer leaves before its record is durable: without the log, uses are refused",
     "make room on the audit disk, then restart the server"},
    {"AU-5", "does the change log have a signed checkpoint?",
     "records behind the last checkpoint are not proven yet", "keywright audit checkpoint"},
    {"KE-1", "does every key have a primary version?", "a key without one protects nothing new",
     "keywright key list --state active, then: keywright key promote NAME@N"},
    {"JO-1", "did every job end well?", "a failed re-wrap leaves old KEK versions in use",
     "keywright job list, then: keywright job resume ID, or job rollback ID"},
    {"EN-1", "does the rotation engine run, and do its clocks agree?",
     "after a jump of the wall clock nothing starts, promotes or revokes by schedule",
     "check the time service, then: keywright run confirm-clock"},
    {"RO-4", "does a run wait for a person?",
     "what was found there is not clear: the engine does not guess",
     "keywright run list --all --state needs_operator, then: keywright run show RUN"},
};

}  // namespace

const DoctorTopic* doctor_topic(std::string_view id) {
  for (const DoctorTopic& topic : kTopics)
    if (topic.id == id) return &topic;
  return nullptr;
}

}  // namespace kw::cli
