# embed_texts(OUT … HEADER … NAMESPACE … TYPE … FUNCTION … FILES …): a source file with the files as
# string literals, made anew when one of them changes. HEADER declares `struct TYPE {name, text}` and
# `std::span<const TYPE> FUNCTION()`; a name is the file's without its extension.
if(CMAKE_SCRIPT_MODE_FILE)
  string(REPLACE "," ";" files "${FILES}")
  set(text "// Made by cmake/EmbedTexts.cmake.\n#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\nnamespace {\n")
  string(APPEND text "constexpr ${TYPE} kTexts[] = {\n")
  foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME)
    string(REGEX REPLACE "\\.(yaml|md)$" "" name ${name})
    file(READ ${file} content)
    string(APPEND text "{\"${name}\", R\"KWTEXT(${content})KWTEXT\"},\n")
  endforeach()
  string(APPEND text "};\n}  // namespace\nstd::span<const ${TYPE}> ${FUNCTION}() { return kTexts; }\n")
  string(APPEND text "}  // namespace ${NAMESPACE}\n")
  file(WRITE ${OUT} "${text}")
  return()
endif()

set(embed_texts_script ${CMAKE_CURRENT_LIST_FILE})
function(embed_texts)
  cmake_parse_arguments(embed "" "OUT;HEADER;NAMESPACE;TYPE;FUNCTION" "FILES" ${ARGN})
  list(JOIN embed_FILES "," files)
  add_custom_command(OUTPUT ${embed_OUT}
    COMMAND ${CMAKE_COMMAND} -D OUT=${embed_OUT} -D HEADER=${embed_HEADER} -D NAMESPACE=${embed_NAMESPACE}
            -D TYPE=${embed_TYPE} -D FUNCTION=${embed_FUNCTION} -D FILES=${files} -P ${embed_texts_script}
    DEPENDS ${embed_FILES} ${embed_texts_script} VERBATIM)
endfunction()
