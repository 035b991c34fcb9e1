/* The bytes of the leader's program (see program.h). */
  .section .rodata
  .balign 16
  .global quietgate_leader_begin
  .global quietgate_leader_end
quietgate_leader_begin:
  .incbin LEADER_PROGRAM
quietgate_leader_end:
  .byte 0
  .section .note.GNU-stack, "", @progbits
