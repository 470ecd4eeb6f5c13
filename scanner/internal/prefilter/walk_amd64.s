#include "textflag.h"

// STEP takes the byte of one text at place R12 in the state S.
#define STEP(TEXT, S) \
	MOVBLZX (TEXT)(R12*1), R15 \
	MOVBLZX (DI)(R15*1), R15 \
	SHLQ    $6, S \
	ORQ     R15, S \
	MOVWLZX (SI)(S*2), S

// func walkSmall(next *uint16, column *[256]uint8, states *[4]uint, a, b, c, d *byte, i, n int) int
TEXT ·walkSmall(SB), NOSPLIT, $0-80
	MOVQ next+0(FP), SI
	MOVQ column+8(FP), DI
	MOVQ states+16(FP), R15
	MOVQ 0(R15), R8
	MOVQ 8(R15), R9
	MOVQ 16(R15), R10
	MOVQ 24(R15), R11
	MOVQ a+24(FP), AX
	MOVQ b+32(FP), BX
	MOVQ c+40(FP), CX
	MOVQ d+48(FP), DX
	MOVQ i+56(FP), R12
	MOVQ n+64(FP), R13
	CMPQ R12, R13
	JGE  done

loop:
	STEP(AX, R8)
	STEP(BX, R9)
	STEP(CX, R10)
	STEP(DX, R11)
	MOVQ  R8, R15
	ORQ   R9, R15
	ORQ   R10, R15
	ORQ   R11, R15
	TESTL $0x8000, R15
	JNZ   done
	INCQ  R12
	CMPQ  R12, R13
	JLT   loop

done:
	MOVQ states+16(FP), R15
	MOVQ R8, 0(R15)
	MOVQ R9, 8(R15)
	MOVQ R10, 16(R15)
	MOVQ R11, 24(R15)
	MOVQ R12, ret+72(FP)
	RET
