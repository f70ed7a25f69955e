/*
 * A guest that is up at once: it fills some memory, says on the first serial line every 100 ms how often it has said so
 * and when it was started, and goes off when its power button is pressed, unless it is built with DEAF.
 *
 * For QEMU's machine `pc`, started by `-kernel` (multiboot). Nothing of it is 32-bit but the processor.
 */
        .set    COM1, 0x3f8
        .set    PM1_STATUS, 0x600
        .set    PM1_ENABLE, 0x602
        .set    PM1_CONTROL, 0x604
        .set    PM_TIMER, 0x608
        .set    POWER_BUTTON, 0x100
        .set    SLEEP_NOW, 0x2000
        .set    TICKS, 357954           /* 100 ms */
        .set    FILLED, 0x200000
        .set    WORDS, 0x100000         /* 4 MiB */

        .text
        .align  4
        .long   0x1badb002, 0, -0x1badb002

        .globl  _start
_start:
        cli
        mov     $stack, %esp
        rdtsc
        mov     %eax, boot
        mov     $FILLED, %edi
        mov     $WORDS, %ecx
1:      mov     %edi, (%edi)
        add     $4, %edi
        loop    1b
#ifndef DEAF
        mov     $PM1_ENABLE, %dx
        mov     $POWER_BUTTON, %ax
        outw    %ax, %dx
#endif

again:
        mov     $count_text, %esi
        call    say
        mov     count, %ebx
        call    say_number
        mov     $boot_text, %esi
        call    say
        mov     boot, %ebx
        call    say_number
        mov     $end_text, %esi
        call    say
        incl    count

        mov     $PM_TIMER, %dx
        inl     %dx, %eax
        mov     %eax, %ebx
wait:
        mov     $PM1_STATUS, %dx
        inw     %dx, %ax
        test    $POWER_BUTTON, %ax
        jnz     off
        mov     $PM_TIMER, %dx
        inl     %dx, %eax
        sub     %ebx, %eax
        and     $0xffffff, %eax
        cmp     $TICKS, %eax
        jb      wait
        jmp     again

off:
        mov     $off_text, %esi
        call    say
        mov     $PM1_CONTROL, %dx
        mov     $SLEEP_NOW, %ax
        outw    %ax, %dx
        hlt

/* Says the text at esi. */
say:
        lodsb
        test    %al, %al
        jz      1f
        mov     $COM1, %dx
        outb    %al, %dx
        jmp     say
1:      ret

/* Says ebx in hexadecimal. */
say_number:
        mov     $8, %ecx
1:      rol     $4, %ebx
        mov     %ebx, %eax
        and     $15, %eax
        mov     digits(%eax), %al
        mov     $COM1, %dx
        outb    %al, %dx
        loop    1b
        ret

digits:         .ascii  "0123456789abcdef"
count_text:     .asciz  "COUNT "
boot_text:      .asciz  " boot_id="
end_text:       .asciz  "\n"
off_text:       .asciz  "OFF\n"
        .align  4
count:          .long   0
boot:           .long   0
        .space  512
stack:
